"""Training a U-Net on contours: networks a fold to know how well it finds tumours, then one for all patients."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.fitting import FittedUNet, FittingOptions, fit_unet
from prognosis.biomarkers.networks.out_of_fold import (
    Example,
    agreements,
    examples,
    packed_predictions,
    segmentation_metrics,
)
from prognosis.biomarkers.networks.segmentation_metrics import Agreement
from prognosis.biomarkers.networks.training_data import TrainingRegions
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions
from prognosis.bundles.manifest import Metric, Training
from prognosis.config import as_plain
from prognosis.errors import InputError
from prognosis.progress import Progress, silent
from prognosis.survival.folds import patient_folds
from prognosis.training.team import ALONE, Team

_POOR_DICE = 0.5


class Scale(StrEnum):
    """How much is computed."""

    PAPER = "paper"
    STUDY = "study"
    QUICK = "quick"


PRESETS: dict[Scale, dict[str, Any]] = {
    Scale.PAPER: {"architecture": UNetKind.PAPER, "epochs": 100, "folds": 4},
    Scale.STUDY: {"architecture": UNetKind.COMPACT, "epochs": 30, "folds": 4},
    Scale.QUICK: {"architecture": UNetKind.COMPACT, "epochs": 8, "folds": 2},
}
"""What a scale stands for."""


@dataclass(frozen=True)
class UNetTrainingOptions:
    """Everything that shapes a trained U-Net; see `UNetOptions`, `FittingOptions` and `RegionOptions`.

    Args:
        architecture: The network.
        channels: Of its five levels, empty for its own.
        norm: What normalises between its convolutions.
        folds: Parts the patients are split into to measure contours out of fold; 0 measures nothing.
    """

    architecture: UNetKind = UNetKind.COMPACT
    channels: tuple[int, ...] = ()
    norm: Norm = Norm.BATCH
    epochs: int = 30
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    batch: int = 2
    folds: int = 4
    seed: int = 0
    device: str = "auto"
    spacing_mm: float = 1.0
    scaled: bool = False

    def __post_init__(self) -> None:
        _ = self.network, self.fitting, self.region  # each refuses what it cannot be
        if self.folds < 0 or self.folds == 1:
            msg = f"folds must be 2 or more, or 0 for none, got {self.folds}"
            raise ValueError(msg)

    @property
    def network(self) -> UNetOptions:
        return UNetOptions(self.architecture, self.channels, self.norm)

    @property
    def fitting(self) -> FittingOptions:
        return FittingOptions(self.epochs, self.learning_rate, self.weight_decay, self.batch, self.seed, self.device)

    @property
    def region(self) -> RegionOptions:
        return RegionOptions(self.spacing_mm, self.scaled)


@dataclass(frozen=True)
class TrainedUNet:
    """A network with what is known of its training, and what its user should know.

    Args:
        network: In evaluation mode, on the CPU.
        modality: What it reads.
        normalisation: How voxel values become its input, the mean of all training images with it.
        region: How regions are cut for it.
        training: For the manifest.
        metrics: Dice and Hausdorff distances out of fold, by name; empty where nobody was held out.
        ranges: Of the training data.
        phantom: Whether it learnt from simulated patients.
        warnings: In words.
        examples: Held-out regions to look at; none where nobody was held out.
    """

    network: SegmentingUNet
    modality: Modality
    normalisation: Normalisation
    region: RegionOptions
    training: Training
    metrics: dict[str, Metric]
    ranges: dict[str, tuple[float, float]]
    phantom: bool = False
    warnings: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class _Judged:
    """What networks of folds do on the patients they never saw."""

    metrics: dict[str, Metric]
    warnings: tuple[str, ...]
    examples: tuple[Example, ...]
    empty: int


def train_unet(
    data: TrainingRegions,
    options: UNetTrainingOptions,
    *,
    cohort: str,
    state_folder: Path | None = None,
    team: Team = ALONE,
    progress: Progress = silent,
) -> TrainedUNet:
    """Fit a network a fold and judge it on the fold's patients, then fit one to everybody.

    The network knows nothing of survival: outcomes are not looked at. All processes of a team get the same result.

    Args:
        data: The cohort.
        options: How to train.
        cohort: The cohort in words, for the model's card.
        state_folder: Where training state is kept between interruptions.
        team: The processes that share the work.
        progress: Told after each epoch and each contour.

    Raises:
        InputError: There are fewer patients than folds, or training diverged.
    """
    if options.folds and data.patients < options.folds:
        raise InputError(
            f"The cohort has {data.patients} patients with a tumour, fewer than {options.folds} folds.",
            remedy="Add patients, lower --folds, or give --folds 0 to hold nobody out.",
        )
    work = _Work(data, options, state_folder, team, progress)
    judged = _judge(work) if options.folds else _unjudged()
    fitted = work.fit(np.arange(data.patients), options.seed, "all patients")
    return TrainedUNet(
        network=fitted.network.cpu(),
        modality=data.modality,
        normalisation=replace(data.normalisation, mean=fitted.mean),
        region=data.region,
        training=_summary(data, options, cohort, fitted, judged),
        metrics=judged.metrics,
        ranges=data.ranges,
        phantom=data.phantom,
        warnings=(*data.notes, *judged.warnings),
        examples=judged.examples,
    )


@dataclass(frozen=True)
class _Work:
    data: TrainingRegions
    options: UNetTrainingOptions
    state_folder: Path | None
    team: Team
    progress: Progress

    def fit(self, patients: NDArray[np.int64], seed: int, name: str) -> FittedUNet:
        return fit_unet(
            self.data,
            patients,
            self.options.network,
            replace(self.options.fitting, seed=seed),
            team=self.team,
            state_folder=self.state_folder / name.replace(" ", "-") if self.state_folder else None,
            progress=self.progress,
            step_name=f"training, {name}",
        )


def _judge(work: _Work) -> _Judged:
    data, options = work.data, work.options
    fold = _folds(data, options)
    packed = np.zeros((len(data), data.tumours[0].numel() // 8), np.uint8)
    for number in range(options.folds):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        assert not set(inside) & set(outside)
        name = f"fold {number + 1} of {options.folds}"
        fitted = work.fit(inside, options.seed + number + 1, name)
        packed |= packed_predictions(
            fitted, data, data.of(outside), team=work.team, progress=work.progress, step_name=f"contours, {name}"
        )
    found = agreements(data, packed)
    metrics = segmentation_metrics(data, found, fold, seed=options.seed)
    return _Judged(metrics, _warnings(metrics["dice"], found), examples(data, found, packed), _empty(found))


def _unjudged() -> _Judged:
    return _Judged({}, ("Nobody was held out: how well the network finds tumours is not known.",), (), 0)


def _folds(data: TrainingRegions, options: UNetTrainingOptions) -> NDArray[np.int64]:
    """(patients,) folds matched on the volume of the tumour that is seen."""
    volume = data.tumours.flatten(1).sum(1).numpy() * data.spacing_mm**3
    first = np.array([volume[np.flatnonzero(data.patient == number)[0]] for number in range(data.patients)])
    everybody = np.ones(data.patients, int)
    return patient_folds(first, everybody, everybody, folds=options.folds, seed=options.seed)


def _empty(found: list[Agreement]) -> int:
    return sum(one.empty for one in found)


def _warnings(dice: Metric, found: list[Agreement]) -> tuple[str, ...]:
    warnings = []
    if _empty(found):
        warnings.append(f"In {_empty(found)} of {len(found)} held-out regions the network found no tumour at all.")
    if dice.estimate < _POOR_DICE:
        warnings.append(
            f"The network finds tumours poorly: its out-of-fold Dice is {dice.estimate:.2f} "
            f"({dice.low:.2f} to {dice.high:.2f})."
        )
    return tuple(warnings)


def _summary(
    data: TrainingRegions, options: UNetTrainingOptions, cohort: str, fitted: FittedUNet, judged: _Judged
) -> Training:
    chosen = as_plain(replace(options, channels=options.network.channels))
    return Training(
        patients=data.patients,
        annotations=len(data),
        lesions=0,
        events=0,
        follow_up_days=0.0,
        epochs=options.epochs,
        seed=options.seed,
        cohort=cohort,
        details={
            **{name: value for name, value in chosen.items() if name not in ("epochs", "seed")},
            "outcomes": "none: the network knows contours only, nothing of survival",
            "loss_of_last_epoch": fitted.losses[-1],
            "held_out_regions_without_a_prediction": judged.empty,
            "data_sha256": data.fingerprint,
            "notes": list(data.notes),
        },
    )
