"""What models say of patients they never saw, fold by fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.survival_table import SurvivalTable
from prognosis.errors import InputError
from prognosis.progress import Progress
from prognosis.survival.calibration import Calibration
from prognosis.survival.evaluation.validation import Split
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, survival_at
from prognosis.survival.models.calibrating import calibrate
from prognosis.survival.models.encoding import Encoder
from prognosis.survival.models.fitted_risk import FitRisk

Array = NDArray[np.float64]
_YEARS = (1, 3, 5)
_GRID = 101
_LEAST_UNCENSORED = 0.1
_SUSPICIOUS_SD = 10.0
_MOST_LISTED = 5
Prepare = Callable[[Array, Array, NDArray[np.bool_], int], FitRisk]
"""(n, p) covariates, (n,) days, (n,) events of training patients, seed -> how to fit, tuned on them."""


@dataclass(frozen=True)
class Candidate:
    """A kind of model to be evaluated.

    Args:
        name: Key in results.
        title: For people.
        prepare: Tunes what one seed shares with the next.
        seeded: Whether another seed gives another model.
    """

    name: str
    title: str
    prepare: Prepare
    seeded: bool


@dataclass(frozen=True)
class Tested:
    """The patients who were tested, fold after fold.

    Args:
        patient: (n,) their indices in the table.
        fold: (n,) the fold that tested each.
        time_days: (n,) follow-up.
        event: (n,) whether the event was seen.
        censoring: Of each fold's training patients.
        grid_days: (m,) times at which survival is predicted, from 0 to tau.
        horizons_years: Years up to tau at which models are judged.
    """

    patient: NDArray[np.int64]
    fold: NDArray[np.int64]
    time_days: Array
    event: NDArray[np.bool_]
    censoring: tuple[Censoring, ...]
    grid_days: Array
    horizons_years: tuple[int, ...]


@dataclass(frozen=True)
class Prediction:
    """One model, one seed, all tested patients.

    Args:
        risk: (n,) log partial hazards, comparable within a fold.
        log_hazard: (n,) slope times (risk - mean), comparable over folds.
        survival: (n, m) predicted at the grid's times.
        event_probability: (n, h) by each horizon.
        group: (n,) risk group, 0 the lowest, by cut-offs from training patients.
    """

    risk: Array
    log_hazard: Array
    survival: Array
    event_probability: Array
    group: NDArray[np.int64]


@dataclass(frozen=True)
class Predicted:
    """What a candidate said.

    Args:
        predictions: One a seed.
        chosen: What was chosen in each fold, in words.
        flat: How many fits did not order the training patients they had left out, so that they predict one curve for
            everybody.
        fits: How many fits there were.
    """

    predictions: tuple[Prediction, ...]
    chosen: tuple[str, ...]
    flat: int
    fits: int


@dataclass(frozen=True)
class EncodedFold:
    """Encoded patients of one split.

    Args:
        x_training: (n, p) covariates.
        x_test: (m, p) covariates.
        names: (p,) what each is.
        split: Whose they are.
    """

    x_training: Array
    x_test: Array
    names: tuple[str, ...]
    split: Split


def patients_left_out(table: SurvivalTable, splits: Sequence[Split]) -> Tested:
    """Everybody who is left out once, and how far along follow-up they can be judged.

    Raises:
        InputError: Follow-up is too short to judge anybody.
    """
    patient = np.concatenate([split.test for split in splits])
    censoring = tuple(Censoring.fit(table.time_days[s.training], table.event[s.training]) for s in splits)
    tau = min(
        min(c.latest(_LEAST_UNCENSORED), float(table.time_days[s.training].max()), _followed_to(table, s.test))
        for c, s in zip(censoring, splits, strict=True)
    )
    seen = table.event[patient] & (table.time_days[patient] <= tau)
    if tau <= 0 or not seen.any():
        raise InputError(
            "No tested patient has an event while enough patients are still followed.",
            remedy="Longer follow-up or more events are needed.",
        )
    return Tested(
        patient=patient,
        fold=np.repeat(np.arange(len(splits)), [len(split.test) for split in splits]),
        time_days=table.time_days[patient],
        event=table.event[patient],
        censoring=censoring,
        grid_days=np.linspace(0.0, tau, _GRID),
        horizons_years=tuple(year for year in _YEARS if year * 365.25 <= tau),
    )


def _followed_to(table: SurvivalTable, patients: NDArray[np.int64]) -> float:
    """How far patients' own follow-up reaches: a score beyond it would judge nobody and look good."""
    time, event = table.time_days[patients], table.event[patients]
    return min(Censoring.fit(time, event).latest(_LEAST_UNCENSORED), float(time.max()))


def encode_folds(table: SurvivalTable, splits: Sequence[Split], *, groups: int) -> tuple[list[EncodedFold], list[str]]:
    """Encode covariates by what each fold's training patients teach, and tell what there is to say of it."""
    folds = []
    notes: dict[str, list[int]] = {}
    for number, split in enumerate(splits, start=1):
        encoder = Encoder.fit(table.columns, split.training)
        fold = EncodedFold(
            encoder.encode(table.columns, split.training),
            encoder.encode(table.columns, split.test),
            encoder.names,
            split,
        )
        folds.append(fold)
        for note in (*encoder.notes, *_extremes(fold, table), *_too_alike(fold, groups)):
            notes.setdefault(note, []).append(number)
    return folds, [note if len(of) == len(splits) else f"{note} (fold {_listed(of)})" for note, of in notes.items()]


def _extremes(fold: EncodedFold, table: SurvivalTable) -> list[str]:
    """Cells that one can suspect: a code for 'unknown', a slip of the unit, a decimal point lost."""
    found = []
    for x, patients in ((fold.x_training, fold.split.training), (fold.x_test, fold.split.test)):
        for patient, column in np.argwhere(np.abs(x) > _SUSPICIOUS_SD):
            found.append(f"column '{fold.names[column]}', row {table.rows[patients[patient]]}")
    if not found:
        return []
    more = f" and {len(found) - _MOST_LISTED} more cells" if len(found) > _MOST_LISTED else ""
    return [f"more than {_SUSPICIOUS_SD:.0f} SD from the mean: {'; '.join(found[:_MOST_LISTED])}{more}: is it right?"]


def _too_alike(fold: EncodedFold, groups: int) -> list[str]:
    kinds = len(np.unique(fold.x_training, axis=0))
    if kinds >= groups:
        return []
    return [f"covariates take {kinds} different values only: {groups} risk groups cannot be told apart by them"]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def predict(
    candidate: Candidate,
    folds: Sequence[EncodedFold],
    table: SurvivalTable,
    tested: Tested,
    *,
    seeds: Sequence[int],
    groups: int,
    progress: Progress,
) -> Predicted:
    """Fit a candidate in every fold with every seed and predict the patients left out.

    Args:
        candidate: What is fitted.
        folds: From `encode_folds`.
        table: The cohort.
        tested: The patients left out, in the order of `folds`.
        seeds: Of training; a candidate without a seed is fitted once.
        groups: How many risk groups.
        progress: Told after each fit.
    """
    used = list(seeds) if candidate.seeded else list(seeds)[:1]
    by_seed: list[list[Prediction]] = [[] for _ in used]
    chosen = []
    flat = 0
    for number, fold in enumerate(folds):
        time, event = table.time_days[fold.split.training], table.event[fold.split.training]
        fit = candidate.prepare(fold.x_training, time, event, seeds[0])
        for position, seed in enumerate(used):
            fitted = fit(fold.x_training, time, event, seed)
            calibration = calibrate(fitted.out_of_fold, time, event, forwards=True)
            flat += calibration.slope == 0
            cuts = np.quantile(fitted.out_of_fold, np.linspace(0, 1, groups + 1)[1:-1])
            by_seed[position].append(_prediction(fitted.risk(fold.x_test), calibration, cuts, tested))
            progress(f"fitting {candidate.title}", number * len(used) + position + 1, len(folds) * len(used))
        chosen.append(_words(fitted.chosen, fold.names))
    return Predicted(tuple(_joined(parts) for parts in by_seed), tuple(chosen), flat, len(folds) * len(used))


def reference(folds: Sequence[EncodedFold], table: SurvivalTable, tested: Tested) -> Prediction:
    """The Kaplan-Meier curve of each fold's training patients, the same for every patient left out."""
    parts = []
    for fold in folds:
        curve = kaplan_meier(table.time_days[fold.split.training], table.event[fold.split.training])
        n = len(fold.split.test)
        parts.append(
            Prediction(
                risk=np.zeros(n),
                log_hazard=np.zeros(n),
                survival=np.tile(survival_at(curve, tested.grid_days), (n, 1)),
                event_probability=np.tile(1 - survival_at(curve, horizon_days(tested)), (n, 1)),
                group=np.zeros(n, np.int64),
            )
        )
    return _joined(parts)


def horizon_days(tested: Tested) -> Array:
    """The horizons in days."""
    return np.array(tested.horizons_years, float) * 365.25


def _prediction(risk: Array, calibration: Calibration, cuts: Array, tested: Tested) -> Prediction:
    return Prediction(
        risk=risk,
        log_hazard=calibration.slope * (risk - calibration.mean_risk),
        survival=calibration.survival_of(risk, tested.grid_days),
        event_probability=1 - calibration.survival_of(risk, horizon_days(tested)),
        group=np.searchsorted(cuts, risk, side="right"),
    )


def _joined(parts: Sequence[Prediction]) -> Prediction:
    return Prediction(
        risk=np.concatenate([part.risk for part in parts]),
        log_hazard=np.concatenate([part.log_hazard for part in parts]),
        survival=np.concatenate([part.survival for part in parts]),
        event_probability=np.concatenate([part.event_probability for part in parts]),
        group=np.concatenate([part.group for part in parts]),
    )


def _words(chosen: Mapping[str, float | int | str], names: Sequence[str]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in _with_names(chosen, names).items()
    )


def _with_names(chosen: Mapping[str, float | int | str], names: Sequence[str]) -> dict[str, float | int | str]:
    """Numbers of separating columns as the names a reader knows."""
    named = dict(chosen)
    if isinstance(named.get("separating_columns"), str):
        columns = str(named["separating_columns"]).split(", ")
        named["separating_columns"] = ", ".join(f"'{names[int(column) - 1]}'" for column in columns)
    return named
