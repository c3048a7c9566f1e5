"""How networks do on patients they never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.biomarkers.networks.fitting import FittedUNet
from prognosis.biomarkers.networks.segmentation_metrics import Agreement, compare_contours
from prognosis.biomarkers.networks.training_data import TrainingRegions
from prognosis.bundles.manifest import Metric
from prognosis.progress import Progress, silent
from prognosis.survival.estimate import draw_patients, estimate
from prognosis.training.team import ALONE, Team

_DRAWS = 1000
_BITS = 8


@dataclass(frozen=True)
class Example:
    """A held-out region with both contours, for people to look at.

    Args:
        called: 'best', 'median' or 'worst'.
        dice: Of the two contours.
        image: (48, 96, 96) float32 [k, j, i], 0 to 255.
        drawn, predicted: (48, 96, 96) booleans.
    """

    called: str
    dice: float
    image: NDArray[np.float32]
    drawn: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


def predicted_tumour(fitted: FittedUNet, image: Tensor) -> NDArray[np.bool_]:
    """What a network takes for tumour: voxels of a probability above a half.

    Args:
        fitted: The network, with the mean its input lacks.
        image: (48, 96, 96) intensities, 0 to 255.
    """
    device = next(fitted.network.parameters()).device
    with torch.inference_mode():
        logits = fitted.network((image.to(device).float() - fitted.mean)[None, None])
    return (logits[0, 0] > 0).cpu().numpy()


def packed_predictions(
    fitted: FittedUNet,
    data: TrainingRegions,
    rows: NDArray[np.int64],
    *,
    team: Team = ALONE,
    progress: Progress = silent,
    step_name: str = "contours",
) -> NDArray[np.uint8]:
    """Predict the contours of some annotations, shared out among processes.

    Returns:
        (n, voxels / 8) bits for all n annotations of the data, zero where none was asked for.
    """
    packed = torch.zeros(len(data), data.tumours[0].numel() // _BITS, dtype=torch.uint8)
    mine = team.share(rows.tolist())
    for number, row in enumerate(mine):
        packed[row] = torch.from_numpy(np.packbits(predicted_tumour(fitted, data.images[row])))
        progress(step_name, number + 1, len(mine))
    device = next(fitted.network.parameters()).device
    return team.summed(packed.to(device)).cpu().numpy()


def unpacked(packed: NDArray[np.uint8], shape: Sequence[int]) -> NDArray[np.bool_]:
    """One annotation's bits as booleans [k, j, i]."""
    return np.unpackbits(packed).reshape(shape).astype(bool)


def agreements(data: TrainingRegions, packed: NDArray[np.uint8]) -> list[Agreement]:
    """Each annotation's predicted contour against the drawn one."""
    shape = data.tumours.shape[1:]
    return [
        compare_contours(unpacked(packed[row], shape), data.tumours[row].numpy(), (data.spacing_mm[row],) * 3)
        for row in range(len(data))
    ]


def segmentation_metrics(
    data: TrainingRegions, found: Sequence[Agreement], fold: NDArray[np.int64], *, seed: int
) -> dict[str, Metric]:
    """Dice and Hausdorff distances averaged over patients, with 95 % bootstrap intervals by patient.

    An empty prediction counts with a Dice of 0. It has no distance, so means of distances say how many they lack.

    Args:
        data: The cohort.
        found: (n,) of all annotations.
        fold: (patients,) the fold each patient was held out in.
        seed: Of the resamples.
    """
    empty = sum(one.empty for one in found)
    lacking = f"; {empty} of {len(found)} predictions are empty and have no distance" if empty else ""
    measured = {
        "dice": ([one.dice for one in found], ""),
        "hausdorff_mm": ([_or_nan(one.hausdorff_mm) for one in found], f", largest distance{lacking}"),
        "hausdorff95_mm": ([_or_nan(one.hausdorff95_mm) for one in found], f", 95th percentile{lacking}"),
    }
    metrics = {}
    for name, (values, more) in measured.items():
        by_patient, fold_of = _by_patient(data, np.array(values), fold)
        if len(by_patient):
            metrics[name] = _metric(by_patient, fold_of, f"{len(np.unique(fold))} folds{more}", seed)
    return metrics


def examples(data: TrainingRegions, found: Sequence[Agreement], packed: NDArray[np.uint8]) -> tuple[Example, ...]:
    """The best, the median and the worst region by Dice."""
    order = np.argsort([-one.dice for one in found], kind="stable")
    places = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return tuple(
        Example(
            called=called,
            dice=found[row].dice,
            image=data.images[row].float().numpy(),
            drawn=data.tumours[row].numpy(),
            predicted=unpacked(packed[row], data.tumours.shape[1:]),
        )
        for called, row in places.items()
    )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _by_patient(
    data: TrainingRegions, values: NDArray[np.float64], fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means of patients over their annotations, and the patients' folds; those without a value are left out."""
    known = np.isfinite(values)
    counts = np.bincount(data.patient[known], minlength=data.patients)
    sums = np.bincount(data.patient[known], weights=values[known], minlength=data.patients)
    return sums[counts > 0] / counts[counts > 0], fold[counts > 0]


def _metric(values: NDArray[np.float64], fold: NDArray[np.int64], how: str, seed: int) -> Metric:
    draws = draw_patients(fold, draws=_DRAWS, seed=seed)
    mean, _ = estimate(lambda weight: float(np.average(values, weights=weight)), draws)
    return Metric(
        estimate=mean.value,
        low=mean.low,
        high=mean.high,
        n=len(values),
        how=f"mean over patients out of fold over {how}; 95 % bootstrap interval by patient, without the variance of "
        "training",
    )
