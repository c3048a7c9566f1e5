"""Training a lesion model on a cohort: out-of-fold risks first, then the network for all."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.bundles.manifest import Metric, Training
from prognosis.errors import InputError
from prognosis.lesions.cohort_risks import lesion_risks, lesions_of, patient_risks
from prognosis.lesions.fitting import FittingOptions, fit_network
from prognosis.lesions.model import PERCENTILE_LEVELS, LesionModel
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.patches import PatchOptions
from prognosis.lesions.results import ModelUsed
from prognosis.lesions.training_data import TrainingData
from prognosis.progress import Progress, silent
from prognosis.survival.calibration import calibrate
from prognosis.survival.concordance import concordance
from prognosis.survival.folds import patient_folds

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
    """A model with what is known of its training."""

    model: LesionModel
    training: Training
    metrics: dict[str, Metric]


@dataclass(frozen=True)
class _OutOfFold:
    """Risks of patients and lesions by networks that never saw the patient."""

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
    out_of_fold = _out_of_fold(data, options, state_folder, progress)
    network = _fit(data, np.arange(data.patients), options, options.seed, state_folder, progress, "all patients")
    try:
        calibration = calibrate(out_of_fold.patient, data.time_days, data.event)
        c_index = concordance(out_of_fold.patient, data.time_days, data.event, strata=out_of_fold.fold)
    except ValueError as error:
        raise InputError(f"The cohort cannot be learnt from: {error}.") from error
    model = LesionModel(
        network=network,
        patch=options.patch,
        lesion_percentiles=np.percentile(out_of_fold.lesion, PERCENTILE_LEVELS),
        patient_percentiles=np.percentile(out_of_fold.patient, PERCENTILE_LEVELS),
        calibration=calibration,
        used=ModelUsed("trained", "0", "", demonstration=False, intended_use="", training_summary=cohort),
        training_ranges=data.ranges,
    )
    metric = Metric(
        estimate=c_index.value,
        low=c_index.low,
        high=c_index.high,
        n=data.patients,
        how=f"out of fold over {options.folds} folds, pairs within a fold, 95 % bootstrap interval by patient",
    )
    return Trained(model, _summary(data, options, cohort), {"c_index": metric})


def _out_of_fold(
    data: TrainingData, options: TrainingOptions, state_folder: Path | None, progress: Progress
) -> _OutOfFold:
    fold = patient_folds(data.time_days, data.event, data.group, folds=options.folds, seed=options.seed)
    patient = np.zeros(data.patients)
    lesion = np.zeros(len(data.patches))
    for number in range(options.folds):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        assert not set(inside) & set(outside)
        name = f"fold {number + 1} of {options.folds}"
        network = _fit(data, inside, options, options.seed + number + 1, state_folder, progress, name)
        held_out = lesions_of(data, outside)
        risk, scale = lesion_risks(network, data, held_out, options.patch_size)
        patient[outside] = patient_risks(data, held_out, risk, scale)[outside]
        lesion[held_out.numpy()] = risk.numpy()
    return _OutOfFold(patient, lesion, fold)


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
            "folds": options.folds,
            "learning_rate": options.learning_rate,
            "weight_decay": options.weight_decay,
            "patients_per_step": options.patients_per_step,
            "data_sha256": data.fingerprint,
        },
    )
