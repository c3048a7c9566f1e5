"""One LASSO logistic regression on the features that may matter, and the search for those features; compiled."""

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.selection.lasso_newton import Array, compiled, fit_few, linear, probability

Indices = NDArray[np.int32]

_ROUNDS = 200
_FEWEST_ADDED = 10
NEAR = 1e-6
"""A feature whose slope is less than this share of the penalty away may be identical with one that is chosen."""


@compiled
def search(
    products: NDArray[np.float32],
    threshold: NDArray[np.float32],
    first_feature: int,
    found: NDArray[np.int32],
    count: NDArray[np.int64],
) -> None:
    """Note the features whose product reaches a threshold.

    Args:
        products: (f, t) of f features with the residuals of t regressions.
        threshold: (t,) of each regression.
        first_feature: Index of the first of the f.
        found: (t, p) what is found is put behind what was found before.
        count: (t,) how many were found; raised.
    """
    for f in range(products.shape[0]):
        reached = 0
        for t in range(products.shape[1]):
            reached += abs(products[f, t]) >= threshold[t]
        if reached:
            for t in range(products.shape[1]):
                if abs(products[f, t]) >= threshold[t]:
                    found[t, count[t]] = first_feature + f
                    count[t] += 1


@compiled
def fit_candidates(
    columns: NDArray[np.floating],
    event: Array,
    weight: Array,
    penalty: float,
    candidates: Indices,
    support: Indices,
    coefficients: Array,
    intercept: float,
    tolerance: float,
) -> tuple[Indices, Array, float, Array, float]:
    """Fit on candidates: those that violate optimality most join the few that are fitted, until none does.

    Of features that are identical on all patients drawn, the first of them stands for all.

    Args:
        columns: (p, n) a feature a row.
        event: (n,) 0 or 1.
        weight: (n,) with sum 1; zero for patients who do not take part.
        penalty: Of the coefficients.
        candidates: (c,) features, ascending.
        support: (s,) features to begin with.
        coefficients: (s,) theirs.
        intercept: To begin from.
        tolerance: The largest violation of the optimality conditions to stop at.

    Returns:
        Features that are not zero, ascending; their coefficients; the intercept; the (n,) residuals weight (probability
        - event); and the largest violation left among candidates.
    """
    candidates, b = _merged(candidates, support, coefficients)
    rows = np.flatnonzero(weight)
    drawn_event, drawn_weight = event[rows], weight[rows]
    residual = np.zeros(len(weight))
    gradient = np.empty(len(candidates))
    fitted = np.flatnonzero(b)
    violation = np.inf
    for _ in range(_ROUNDS):
        few = _gathered(columns, candidates[fitted], rows)
        b[fitted], intercept, violation = fit_few(
            few, drawn_event, drawn_weight, penalty, b[fitted], intercept, 0.5 * tolerance
        )
        residual[rows] = drawn_weight * (probability(linear(few, b[fitted], intercept)) - drawn_event)
        for c in range(len(candidates)):
            gradient[c] = _product(columns[candidates[c]], residual)
        excess = np.abs(gradient) - penalty
        excess[fitted] = -penalty
        joining = np.flatnonzero(excess > tolerance)
        if not len(joining):
            break
        violation = max(violation, excess.max())
        fitted = _with_largest(b, joining, excess[joining])
    _first_of_identical(columns, candidates, rows, b, np.flatnonzero(np.abs(gradient) >= (1.0 - NEAR) * penalty))
    chosen = np.flatnonzero(b)
    return candidates[chosen], b[chosen], intercept, residual, violation


@compiled
def _merged(candidates: Indices, support: Indices, coefficients: Array) -> tuple[Indices, Array]:
    """Both in one, ascending, with coefficients that are zero outside the support."""
    merged = np.empty(len(candidates) + len(support), np.int32)
    b = np.zeros(len(merged))
    c = s = k = 0
    while c < len(candidates) or s < len(support):
        if s == len(support) or (c < len(candidates) and candidates[c] < support[s]):
            merged[k] = candidates[c]
            c += 1
        else:
            merged[k] = support[s]
            b[k] = coefficients[s]
            c += c < len(candidates) and candidates[c] == support[s]
            s += 1
        k += 1
    return merged[:k], b[:k]


@compiled
def _with_largest(b: Array, joining: NDArray[np.int64], excess: Array) -> NDArray[np.int64]:
    """Places that are not zero, and of those joining the ones with the largest excess, about as many again."""
    chosen = b != 0.0
    for _ in range(min(len(joining), max(_FEWEST_ADDED, chosen.sum()))):
        largest = np.argmax(excess)
        chosen[joining[largest]] = True
        excess[largest] = 0.0
    return np.flatnonzero(chosen)


@compiled
def _gathered(columns: NDArray[np.floating], features: Indices, rows: NDArray[np.int64]) -> Array:
    few = np.empty((len(features), len(rows)))
    for f in range(len(features)):
        for r in range(len(rows)):
            few[f, r] = columns[features[f], rows[r]]
    return few


@compiled
def _product(column: NDArray[np.floating], residual: Array) -> float:
    product = 0.0
    for row in range(len(residual)):
        product += np.float64(column[row]) * residual[row]
    return product


@compiled
def _first_of_identical(
    columns: NDArray[np.floating],
    candidates: Indices,
    rows: NDArray[np.int64],
    b: Array,
    near: NDArray[np.int64],
) -> None:
    """Give the coefficients of features that are identical on rows to the first of them."""
    for late in range(len(near)):
        if b[near[late]] == 0.0:
            continue
        for early in range(late):
            same = True
            for row in rows:
                if columns[candidates[near[early]], row] != columns[candidates[near[late]], row]:
                    same = False
                    break
            if same:
                b[near[early]] += b[near[late]]
                b[near[late]] = 0.0
                break
