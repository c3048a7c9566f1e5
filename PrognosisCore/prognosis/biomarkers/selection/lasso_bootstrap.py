"""How often LASSO logistic regression chooses a feature when patients are drawn anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.biomarkers.selection.lasso import TOLERANCE, checked_penalties
from prognosis.biomarkers.selection.lasso_columns import Columns
from prognosis.biomarkers.selection.lasso_kernels import Indices
from prognosis.biomarkers.selection.lasso_newton import Array
from prognosis.biomarkers.selection.lasso_solving import LIKELY, Problem, Solution, solve, solve_one
from prognosis.progress import Progress, silent
from prognosis.survival.estimate import draw_patients
from prognosis.survival.outcomes import checked_weight


@dataclass(frozen=True)
class LassoBootstraps:
    """Regressions of one endpoint on resamples of patients.

    Args:
        penalty: Of the coefficients, the same on all resamples.
        counts: (p,) in how many regressions a feature's coefficient is not zero.
        resamples: (k,) which of the resamples were fitted; the others had only one outcome.
        supports: k arrays of features whose coefficient is not zero, ascending.
        coefficients: k arrays, theirs.
        intercepts: (k,) intercepts.
        skipped: How many resamples had only one outcome.
        unconverged: How many of the k regressions did not converge.
    """

    penalty: float
    counts: Indices
    resamples: NDArray[np.intp]
    supports: tuple[Indices, ...]
    coefficients: tuple[Array, ...]
    intercepts: Array
    skipped: int
    unconverged: int

    @property
    def inclusion(self) -> Array:
        """(p,) the part of the fitted resamples that choose a feature; NaN where none could be fitted."""
        fitted = len(self.resamples)
        return self.counts / fitted if fitted else np.full(len(self.counts), np.nan)


def draw_multiplicities(patient: ArrayLike, draws: int, seed: int) -> NDArray[np.float64]:
    """Resample patients with replacement; annotations of a patient are drawn together.

    Args:
        patient: (n,) a number for each annotation's patient.
        draws: How many resamples.
        seed: Seed of the resamples.

    Returns:
        (draws, n) how often each annotation's patient is drawn, whole numbers.
    """
    members, number = np.unique(np.asarray(patient), return_inverse=True)
    return draw_patients(np.zeros(len(members)), draws=draws, seed=seed)[:, number]


def lasso_bootstraps(
    x: NDArray[np.floating],
    labels: ArrayLike,
    known: ArrayLike,
    draws: ArrayLike,
    penalties: Sequence[float],
    *,
    weight: ArrayLike | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> list[LassoBootstraps]:
    """Fit endpoints on the same resamples.

    Args:
        x: (n, p) float32 or float64 features, standardised once; not again within a resample.
        labels: (e, n) whether each endpoint's event happened.
        known: (e, n) whether that is known; patients of whom it is not do not take part.
        draws: (b, n) from `draw_multiplicities`.
        penalties: (e,) of the coefficients, for each endpoint.
        weight: (n,) what an annotation counts beside; 1 by default, 1/m for each of a patient's m annotations.
        tolerance: The largest violation of the optimality conditions, as a share of the penalty.
        progress: Told the number of regressions done; what it raises ends the work.

    Returns:
        A result for each endpoint.

    Raises:
        ValueError: Shapes do not fit, a value or weight is no finite number, or a weight or penalty is out of range.
    """
    columns = Columns.of(x)
    penalties = checked_penalties(penalties)
    events, taking_part = _checked(labels, known, draws, len(penalties), columns.patients)
    own, draws = checked_weight(weight, columns.patients), np.asarray(draws, float)
    problems: list[Problem] = []
    starts: list[Solution] = []
    fitted = []
    for event, member, penalty in zip(events, taking_part * own, penalties, strict=True):
        weights = draws * member
        total = weights.sum(axis=1)
        fitted.append(np.flatnonzero((weights @ event > 0) & (weights @ (1 - event) > 0)))
        if len(fitted[-1]):
            begun = solve_one(columns, event, member / member.sum(), penalty, tolerance)
            likely = columns.foremost(begun.residual, LIKELY)
            problems += [Problem(event, weights[b] / total[b], penalty, likely) for b in fitted[-1]]
            starts += [begun] * len(fitted[-1])
    solutions = solve(columns, problems, starts, tolerance, lambda done: progress("bootstraps", done, len(problems)))
    ends = np.cumsum([len(resamples) for resamples in fitted])
    return [
        _collected(solutions[end - len(resamples) : end], penalty, resamples, len(draws), len(columns))
        for penalty, resamples, end in zip(penalties, fitted, ends, strict=True)
    ]


def _checked(
    labels: ArrayLike, known: ArrayLike, draws: ArrayLike, endpoints: int, patients: int
) -> tuple[Array, NDArray[np.bool_]]:
    """(e, n) events, 0 where not known, and (e, n) whether they are."""
    events, taking_part, drawn = np.asarray(labels), np.asarray(known).astype(np.bool_), np.asarray(draws, float)
    if not events.shape == taking_part.shape == (endpoints, patients):
        msg = (
            f"{endpoints} penalties and {patients} patients need ({endpoints}, {patients}) labels and marks of what is "
            f"known, got shapes {events.shape} and {taking_part.shape}"
        )
        raise ValueError(msg)
    if drawn.ndim != 2 or drawn.shape[1] != patients or not np.isfinite(drawn).all() or (drawn < 0).any():
        msg = f"draws need a row a resample and {patients} columns of numbers not negative, got shape {drawn.shape}"
        raise ValueError(msg)
    events = np.where(taking_part, events, 0)
    if not ((events == 0) | (events == 1)).all():
        msg = "labels are true or false"
        raise ValueError(msg)
    return events.astype(np.float64), taking_part


def _collected(
    solutions: list[Solution], penalty: float, resamples: NDArray[np.intp], draws: int, features: int
) -> LassoBootstraps:
    supports = tuple(solution.indices for solution in solutions)
    chosen = np.concatenate([np.empty(0, np.int32), *supports])
    return LassoBootstraps(
        penalty=penalty,
        counts=np.bincount(chosen, minlength=features).astype(np.int32),
        resamples=resamples,
        supports=supports,
        coefficients=tuple(solution.coefficients for solution in solutions),
        intercepts=np.array([solution.intercept for solution in solutions]),
        skipped=draws - len(resamples),
        unconverged=sum(not np.isfinite(solution.violation) for solution in solutions),
    )
