"""Training a lesion model on a cohort: out-of-fold risks first, then the network for all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.bundles.manifest import Metric, Training
from prognosis.bundles.model_used import ModelUsed
from prognosis.config import as_plain
from prognosis.errors import InputError
from prognosis.lesions.cohort_risks import lesion_risks, lesions_of, patient_risks
from prognosis.lesions.fitting import FittingOptions, fit_network
from prognosis.lesions.model import LesionModel
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.patches import PatchOptions
from prognosis.lesions.training_data import TrainingData
from prognosis.progress import Progress, silent
from prognosis.survival.calibration import Calibration
from prognosis.survival.estimate import Estimate
from prognosis.survival.folds import patient_folds
from prognosis.survival.metrics.concordance import concordance
from prognosis.survival.models.calibrating import calibrate
from prognosis.survival.predicted_survival import PERCENTILE_LEVELS

_LEAST_EVENTS = 8


@dataclass(frozen=True)
class TrainingOptions:
    """Everything that shapes a trained model; see `PatchOptions`, `NetworkOptions` and `FittingOptions`.

    Args:
        folds: Parts the patients are split into for out-of-fold risks.
    """

    epochs: int = 30
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patients_per_step: int = 0
    folds: int = 4
    seed: int = 0
    device: str = "auto"
    width: int = 64
    scaler_hidden: int = 16
    patch_size: int = 72
    hu_low: float = -500.0
    hu_high: float = 400.0

    def __post_init__(self) -> None:
        _ = self.patch, self.network, self.fitting  # each refuses what it cannot be
        if self.folds < 2:
            msg = f"folds must be 2 or more, got {self.folds}"
            raise ValueError(msg)

    @property
    def patch(self) -> PatchOptions:
        return PatchOptions(self.patch_size, self.hu_low, self.hu_high)

    @property
    def network(self) -> NetworkOptions:
        return NetworkOptions(self.width, self.scaler_hidden)

    @property
    def fitting(self) -> FittingOptions:
        return FittingOptions(
            self.epochs, self.learning_rate, self.weight_decay, self.patients_per_step, self.seed, self.device
        )


@dataclass(frozen=True)
class Trained:
    """A model with what is known of its training, and what its user should know."""

    model: LesionModel
    training: Training
    metrics: dict[str, Metric]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _OutOfFold:
    """Risks of patients and lesions by networks that never saw the patient, on the scale of the final network."""

    patient: NDArray[np.float64]
    lesion: NDArray[np.float64]
    fold: NDArray[np.int64]


def train_lesion_model(
    data: TrainingData,
    options: TrainingOptions,
    *,
    cohort: str,
    state_folder: Path | None = None,
    progress: Progress = silent,
) -> Trained:
    """Fit a network a fold for out-of-fold risks, calibrate on them, then fit one network to everybody.

    Percentiles, slope and baseline hazard come from out-of-fold risks averaged over annotations. No choice is made by
    looking at them.

    Args:
        data: The cohort.
        options: How to train.
        cohort: The cohort in words, for the model's card.
        state_folder: Where training state is kept between interruptions.
        progress: Told after each epoch.

    Raises:
        InputError: The cohort has too few events for its folds, or its networks give constant risks.
    """
    events = int(data.event.sum())
    if events < max(_LEAST_EVENTS, 2 * options.folds):
        raise InputError(
            f"The cohort has {events} events; {options.folds} folds need at least "
            f"{max(_LEAST_EVENTS, 2 * options.folds)}.",
            remedy="Add patients or lower --folds.",
        )
    fold = patient_folds(data.time_days, data.event, data.group, folds=options.folds, seed=options.seed)
    networks = [
        _fit(
            data,
            np.flatnonzero(fold != number),
            options,
            options.seed + number + 1,
            state_folder,
            progress,
            f"fold {number + 1} of {options.folds}",
        )
        for number in range(options.folds)
    ]
    everybody = np.arange(data.patients)
    network = _fit(data, everybody, options, options.seed, state_folder, progress, "all patients")
    out_of_fold = _out_of_fold(data, fold, networks, _mean_risk(data, everybody, network, options), options)
    try:
        calibration = calibrate(out_of_fold.patient, data.time_days, data.event)
        c_index = concordance(out_of_fold.patient, data.time_days, data.event, strata=out_of_fold.fold)
    except ValueError as error:
        raise InputError(f"The cohort cannot be learnt from: {error}.") from error
    model = LesionModel(
        network=network,
        patch=options.patch,
        lesion_percentiles=_lesion_percentiles(data, out_of_fold),
        patient_percentiles=np.percentile(out_of_fold.patient, PERCENTILE_LEVELS),
        calibration=calibration,
        used=ModelUsed("trained", "0", "", demonstration=False, intended_use="", training_summary=cohort),
        training_ranges=data.ranges,
        unproven=c_index.low <= 0.5,
    )
    metric = Metric(
        estimate=c_index.value,
        low=c_index.low,
        high=c_index.high,
        n=data.patients,
        how=f"out of fold over {options.folds} folds, pairs within a fold; 95 % bootstrap interval by patient, "
        "without the variance of training",
    )
    warnings = (*data.notes, *_warnings(calibration, c_index))
    return Trained(model, _summary(data, options, cohort), {"c_index": metric}, warnings)


def _out_of_fold(
    data: TrainingData,
    fold: NDArray[np.int64],
    networks: Sequence[LesionNetwork],
    final_mean_risk: float,
    options: TrainingOptions,
) -> _OutOfFold:
    """Score each fold by its network, moved to the zero of the final network before folds are pooled.

    A network's zero is its own. Each is moved by the difference of mean risks, the network's over the lesions it was
    fitted to and the final network's over all lesions, so nothing is learnt from the patients who are scored.
    """
    patient = np.zeros(data.patients)
    lesion = np.zeros(len(data.patches))
    for number, network in enumerate(networks):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        assert not set(inside) & set(outside)
        held_out = lesions_of(data, outside)
        risk, scale = lesion_risks(network, data, held_out, options.patch_size)
        risk = risk + (final_mean_risk - _mean_risk(data, inside, network, options))
        patient[outside] = patient_risks(data, held_out, risk, scale)[outside]
        lesion[held_out.numpy()] = risk.numpy()
    return _OutOfFold(patient, lesion, fold)


def _mean_risk(
    data: TrainingData, patients: NDArray[np.int64], network: LesionNetwork, options: TrainingOptions
) -> float:
    """Mean risk of the patients' lesions, an annotation weighing 1/m."""
    lesions = lesions_of(data, patients)
    risk, _ = lesion_risks(network, data, lesions, options.patch_size)
    weight = data.annotation_weight[data.annotation[lesions]]
    return float((risk * weight).sum() / weight.sum())


def _lesion_percentiles(data: TrainingData, out_of_fold: _OutOfFold) -> NDArray[np.float64]:
    """(101,) percentiles of out-of-fold lesion risks, an annotation weighing 1/m."""
    weight = data.annotation_weight[data.annotation].numpy().astype(float)
    return np.quantile(out_of_fold.lesion, PERCENTILE_LEVELS / 100, method="inverted_cdf", weights=weight)


def _warnings(calibration: Calibration, c_index: Estimate) -> list[str]:
    warnings = []
    if c_index.low <= 0.5:
        warnings.append(
            f"The model was not shown to order patients: its out-of-fold C-index is {c_index.value:.3f} "
            f"({c_index.low:.3f} to {c_index.high:.3f})."
        )
    if calibration.slope <= 0:
        warnings.append("Higher risks did not mean earlier deaths out of fold: the model gives no survival curve.")
    return warnings


def _fit(
    data: TrainingData,
    patients: NDArray[np.int64],
    options: TrainingOptions,
    seed: int,
    state_folder: Path | None,
    progress: Progress,
    name: str,
) -> LesionNetwork:
    return fit_network(
        data,
        patients,
        options.network,
        replace(options.fitting, seed=seed),
        options.patch_size,
        state_folder=state_folder / name.replace(" ", "-") if state_folder else None,
        progress=progress,
        step_name=f"training, {name}",
    )


def _summary(data: TrainingData, options: TrainingOptions, cohort: str) -> Training:
    return Training(
        patients=data.patients,
        annotations=len(data.patient),
        lesions=len(data.patches),
        events=int(data.event.sum()),
        follow_up_days=float(data.time_days.max()),
        epochs=options.epochs,
        seed=options.seed,
        cohort=cohort,
        details={
            **{name: value for name, value in as_plain(options).items() if name not in ("epochs", "seed")},
            "data_sha256": data.fingerprint,
            "notes": list(data.notes),
        },
    )
