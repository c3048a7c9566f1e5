"""Newton steps of an L1-penalised logistic regression on few features, compiled."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_STEPS = 200
_CYCLES = 1000
_CYCLES_BETWEEN_DIRECT_SOLUTIONS = 4
_HALVINGS = 50
_SUFFICIENT = 1e-4
_ROUNDING = 1e-15
# Of a column's mean square, what is left once its mean is taken out: below this the column is constant.
_CONSTANT = 1e-12


def compiled(function: _Function) -> _Function:
    """Compile on the first call; other threads run meanwhile, and sums may be taken in any order."""
    return njit(nogil=True, fastmath={"reassoc", "contract", "nsz"})(function)


@compiled
def linear(columns: Array, coefficients: Array, intercept: float) -> Array:
    """(k, m) columns and their k coefficients -> (m,) log odds."""
    odds = np.full(columns.shape[1], intercept)
    for k in range(len(coefficients)):
        if coefficients[k] != 0.0:
            odds += coefficients[k] * columns[k]
    return odds


@compiled
def probability(odds: Array) -> Array:
    """Log odds -> probabilities, without overflow."""
    p = np.empty(len(odds))
    for i in range(len(odds)):
        small = np.exp(-abs(odds[i]))
        p[i] = (1.0 if odds[i] >= 0.0 else small) / (1.0 + small)
    return p


@compiled
def fit_few(
    columns: Array, event: Array, weight: Array, penalty: float, start: Array, intercept: float, tolerance: float
) -> tuple[Array, float, float]:
    """Minimise sum_i weight_i log(1 + exp(-y_i eta_i)) + penalty |b|_1, y = 2 event - 1, eta = b columns + intercept.

    Args:
        columns: (k, m) a feature a row.
        event: (m,) 0 or 1.
        weight: (m,) positive, with sum 1.
        penalty: Of the coefficients, not of the intercept.
        start: (k,) coefficients to begin from.
        intercept: To begin from.
        tolerance: The largest violation of the optimality conditions to stop at.

    Returns:
        Coefficients, intercept, and the largest violation left.
    """
    k = len(start)
    b = start.copy()
    odds = linear(columns, b, intercept)
    gradient = np.empty(k)
    violation = np.inf
    for _ in range(_STEPS):
        p = probability(odds)
        residual = weight * (p - event)
        total = residual.sum()
        violation = abs(total)
        for j in range(k):
            gradient[j] = np.sum(columns[j] * residual)
            violation = max(violation, _violation(b[j], gradient[j], penalty))
        if violation <= tolerance:
            break
        curvature = np.maximum(weight * p * (1.0 - p), 1e-300)
        mass = curvature.sum()
        mean, hessian, varies = _hessian(columns, curvature, mass)
        aim = _quadratic(hessian, varies, gradient - mean * total, b, penalty, 1e-2 * min(violation, penalty))
        towards = aim - b
        intercept_towards = -total / mass - np.sum(mean * towards)
        odds_towards = linear(columns, towards, intercept_towards)
        promised = np.sum(gradient * towards) + total * intercept_towards
        promised += penalty * (np.abs(aim).sum() - np.abs(b).sum())
        step = _step(odds, odds_towards, b, towards, event, weight, penalty, promised)
        if step == 0.0:
            break
        b = aim if step == 1.0 else b + step * towards
        intercept += step * intercept_towards
        odds = linear(columns, b, intercept)
    return b, intercept, violation


@compiled
def _violation(coefficient: float, gradient: float, penalty: float) -> float:
    """How far the optimality condition of a coefficient is from being met."""
    if coefficient == 0.0:
        return max(abs(gradient) - penalty, 0.0)
    return abs(gradient + np.sign(coefficient) * penalty)


@compiled
def _hessian(columns: Array, curvature: Array, mass: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Weighted means of columns, the curvature left when the intercept follows, and which columns vary at all."""
    k, m = columns.shape
    mean = np.zeros(k)
    scaled = np.empty((k, m))
    varies = np.empty(k, np.bool_)
    hessian = np.empty((k, k))
    for j in range(k):
        for row in range(m):
            mean[j] += columns[j, row] * curvature[row]
        mean[j] /= mass
        for row in range(m):
            scaled[j, row] = (columns[j, row] - mean[j]) * np.sqrt(curvature[row])
        for i in range(j + 1):
            product = 0.0
            for row in range(m):
                product += scaled[i, row] * scaled[j, row]
            hessian[i, j] = hessian[j, i] = product
        varies[j] = hessian[j, j] > _CONSTANT * (hessian[j, j] + mass * mean[j] ** 2)
    return mean, hessian, varies


@compiled
def _quadratic(
    hessian: Array, varies: NDArray[np.bool_], gradient: Array, start: Array, penalty: float, tolerance: float
) -> Array:
    """Minimise gradient (b - start) + (b - start) hessian (b - start) / 2 + penalty |b|_1.

    Coordinate descent finds which coefficients are not zero, and a direct solution their values. A column that does not
    vary gets zero, as the intercept does its work.
    """
    b = start.copy()
    slope = gradient.copy()
    for cycle in range(_CYCLES):
        moved = 0.0
        for j in range(len(b)):
            before = b[j]
            if varies[j]:
                aim = hessian[j, j] * before - slope[j]
                b[j] = np.sign(aim) * max(abs(aim) - penalty, 0.0) / hessian[j, j]
            else:
                b[j] = 0.0
            if b[j] != before:
                slope += (b[j] - before) * hessian[j]
                if varies[j]:
                    moved = max(moved, abs(b[j] - before) * hessian[j, j])
        if moved == 0.0:
            break
        last = moved <= tolerance
        if last or (cycle + 1) % _CYCLES_BETWEEN_DIRECT_SOLUTIONS == 0:
            _solve_directly(hessian, slope, b, penalty)
            worst = 0.0
            for j in range(len(b)):
                if varies[j]:
                    worst = max(worst, _violation(b[j], slope[j], penalty))
            if last or worst <= 1e-6 * tolerance:
                break
    return b


@compiled
def _solve_directly(hessian: Array, slope: Array, b: Array, penalty: float) -> None:
    """Move coefficients that are not zero to where their slope is level, or until the first of them is zero."""
    chosen = np.flatnonzero(b)
    change, level = _towards_level(hessian, chosen, slope[chosen] + np.sign(b[chosen]) * penalty)
    share = 1.0 if level else np.inf
    first = -1
    for i in range(len(chosen)):
        if b[chosen[i]] * change[i] < 0.0 and -b[chosen[i]] / change[i] < share:
            share, first = -b[chosen[i]] / change[i], i
    if share == np.inf:
        return
    for i in range(len(chosen)):
        b[chosen[i]] += share * change[i]
        slope += share * change[i] * hessian[chosen[i]]
    if first >= 0:
        b[chosen[first]] = 0.0


@compiled
def _towards_level(hessian: Array, chosen: NDArray[np.int64], slope: Array) -> tuple[Array, bool]:
    """The change of chosen coefficients that levels their slope, by Cholesky's decomposition.

    Where features depend on each other linearly there is none: then a downhill direction without curvature, and False.
    """
    k = len(chosen)
    lower = np.zeros((k, k))
    change = np.zeros(k)
    for i in range(k):
        for j in range(i + 1):
            left = hessian[chosen[i], chosen[j]]
            for r in range(j):
                left -= lower[i, r] * lower[j, r]
            lower[i, j] = left / lower[j, j] if i > j else left
        if lower[i, i] <= _CONSTANT * hessian[chosen[i], chosen[i]]:
            change[i] = -1.0
            _substitute_back(lower, lower[i], change, i)
            downhill = np.sum(change * slope) < 0.0
            return change if downhill else -change, False
        lower[i, i] = np.sqrt(lower[i, i])
    right = np.empty(k)
    for i in range(k):
        right[i] = -slope[i]
        for r in range(i):
            right[i] -= lower[i, r] * right[r]
        right[i] /= lower[i, i]
    _substitute_back(lower, right, change, k)
    return change, True


@compiled
def _substitute_back(lower: Array, right: Array, solution: Array, size: int) -> None:
    """Solve lower^T solution = right for the first `size` of them."""
    for i in range(size - 1, -1, -1):
        solution[i] = right[i]
        for r in range(i + 1, size):
            solution[i] -= lower[r, i] * solution[r]
        solution[i] /= lower[i, i]


@compiled
def _step(
    odds: Array,
    odds_towards: Array,
    b: Array,
    towards: Array,
    event: Array,
    weight: Array,
    penalty: float,
    promised: float,
) -> float:
    """The largest of 1, 1/2, 1/4, ... that lowers the objective by enough; 0 when none does."""
    now = _objective(odds, b, event, weight, penalty)
    step = 1.0
    for _ in range(_HALVINGS):
        then = _objective(odds + step * odds_towards, b + step * towards, event, weight, penalty)
        if then <= now + _SUFFICIENT * step * promised + _ROUNDING * (1.0 + now):
            return step
        step *= 0.5
    return 0.0


@compiled
def _objective(odds: Array, b: Array, event: Array, weight: Array, penalty: float) -> float:
    loss = np.maximum(odds, 0.0) - event * odds + np.log1p(np.exp(-np.abs(odds)))
    return np.sum(weight * loss) + penalty * np.abs(b).sum()
