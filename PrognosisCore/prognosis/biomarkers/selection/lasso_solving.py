"""Many LASSO logistic regressions on the same features, each certified over all of them.

A regression is fitted on the few features that are likely to matter. One matrix product then finds, for many
regressions, the features that come near the penalty; the fit is repeated on these. Residuals r that move to r' change a
feature's slope x r by at most |x| |r' - r|: where that cannot lift any other feature to the penalty, the fit is the
solution over all features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from prognosis.biomarkers.selection.lasso_columns import Columns
from prognosis.biomarkers.selection.lasso_kernels import NEAR, Indices, fit_candidates
from prognosis.biomarkers.selection.lasso_newton import Array
from prognosis.biomarkers.selection.lasso_threads import allowed_threads, mapping_threads

_AT_ONCE = 128
_ROUNDS = 50
LIKELY = 1000
"""How many features are tried before all are searched: those with the steepest slope where a fit starts."""
_CANDIDATE = 0.8
"""Features whose slope is this share of the penalty are candidates."""


@dataclass(frozen=True)
class Problem:
    """A regression.

    Args:
        event: (n,) 0 or 1, both present among patients with weight.
        weight: (n,) with sum 1; zero for patients who do not take part.
        penalty: Of the coefficients; above 0.
        likely: Features to be tried first, ascending.
    """

    event: Array
    weight: Array
    penalty: float
    likely: Indices


@dataclass(frozen=True)
class Solution:
    """Where a regression stands.

    Args:
        indices: (s,) features whose coefficient is not zero, ascending.
        coefficients: (s,) theirs.
        intercept: The intercept.
        residual: (n,) weight (probability - event).
        violation: The largest violation of the optimality conditions, as a share of the penalty; infinite until it is
            certified over all features.
    """

    indices: Indices
    coefficients: Array
    intercept: float
    residual: Array
    violation: float = np.inf


def without_features(problem: Problem) -> Solution:
    """The intercept alone: the log odds of the weighted mean of events."""
    mean = float(problem.weight @ problem.event)
    residual = problem.weight * (mean - problem.event)
    return Solution(np.empty(0, np.int32), np.empty(0), float(np.log(mean) - np.log1p(-mean)), residual)


def solve_one(
    columns: Columns, event: Array, weight: Array, penalty: float, tolerance: float, start: Solution | None = None
) -> Solution:
    """Solve one regression, from the intercept alone unless told where to start."""
    problem = Problem(event, weight, penalty, np.empty(0, np.int32))
    start = start or without_features(problem)
    problem = replace(problem, likely=columns.foremost(start.residual, LIKELY))
    return solve(columns, [problem], [start], tolerance)[0]


def solve(
    columns: Columns,
    problems: Sequence[Problem],
    starts: Sequence[Solution],
    tolerance: float,
    certified: Callable[[int], None] | None = None,
) -> list[Solution]:
    """Solve regressions, many at once on all threads.

    Args:
        columns: Features.
        problems: Regressions.
        starts: Where each begins.
        tolerance: The largest violation of the optimality conditions, as a share of the penalty.
        certified: Told how many of the regressions are done; what it raises ends the work.

    Returns:
        A solution each; its violation is at most the tolerance, or infinite where numbers did not suffice.
    """
    solutions = list(starts)
    done, unsure = 0, list(range(len(problems)))
    for number in range(_ROUNDS):
        if not unsure:
            break
        size = min(_AT_ONCE, -(-len(unsure) // allowed_threads()))
        groups = [unsure[first : first + size] for first in range(0, len(unsure), size)]

        def improve(group: list[int], try_likely: bool = number == 0) -> list[Solution]:
            begun = [solutions[i] for i in group]
            return _improved(columns, [problems[i] for i in group], begun, tolerance, try_likely)

        with mapping_threads(len(groups)) as mapped:
            for group, improved in zip(groups, mapped(improve, groups), strict=True):
                for i, solution in zip(group, improved, strict=True):
                    solutions[i] = solution
                done += sum(np.isfinite(solution.violation) for solution in improved)
                if certified is not None:
                    certified(done)
        unsure = [i for i in unsure if not np.isfinite(solutions[i].violation)]
    return solutions


def _improved(
    columns: Columns, problems: list[Problem], starts: list[Solution], tolerance: float, try_likely: bool
) -> list[Solution]:
    """Fit to candidates from among all features, and certify where that settles it."""
    if try_likely:
        starts = [_fitted(columns, p, p.likely, start, tolerance) for p, start in zip(problems, starts, strict=True)]
    before = np.stack([start.residual for start in starts])
    penalty = np.array([problem.penalty for problem in problems])
    candidates = columns.reaching(before, _CANDIDATE * penalty)
    fitted = [_fitted(columns, *one, tolerance) for one in zip(problems, candidates, starts, strict=True)]
    moved = np.linalg.norm(np.stack([solution.residual for solution in fitted]) - before, axis=1)
    certain = columns.longest * moved <= (1 - NEAR - _CANDIDATE) * penalty
    return [
        solution if sure and solution.violation <= tolerance else replace(solution, violation=np.inf)
        for solution, sure in zip(fitted, certain, strict=True)
    ]


def _fitted(columns: Columns, problem: Problem, candidates: Indices, start: Solution, tolerance: float) -> Solution:
    """Fit on candidates and the features of the start; its violation is that among these."""
    try:
        indices, coefficients, intercept, residual, violation = fit_candidates(
            columns.exact,
            problem.event,
            problem.weight,
            problem.penalty,
            candidates,
            start.indices,
            start.coefficients,
            start.intercept,
            tolerance * problem.penalty,
        )
    except SystemError as error:
        # An interrupt that comes while compiled code runs is told so by the interpreter.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise
    return Solution(indices, coefficients, intercept, residual, violation / problem.penalty)
