"""One LASSO logistic regression: against other programs, and against the conditions every solution meets."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skglm import SparseLogisticRegression
from sklearn.linear_model import LogisticRegression

from prognosis.biomarkers.selection import lasso_solving
from prognosis.biomarkers.selection.lasso import LassoFit, largest_penalty, lasso_logistic, lasso_path
from prognosis.errors import InputError


@dataclass(frozen=True)
class Cohort:
    """Standardised features and labels; `drawn` is how often each patient counts."""

    x: NDArray[np.float64]
    label: NDArray[np.bool_]
    drawn: NDArray[np.int64]


def _cohort(patients: int, features: int, *, correlated: float = 0.0, rare: bool = False, seed: int = 0) -> Cohort:
    generator = np.random.default_rng(seed)
    common = generator.standard_normal((patients, 3)) @ generator.standard_normal((3, features))
    x = correlated * common + generator.standard_normal((patients, features))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    odds = x[:, : min(features, 3)].sum(axis=1) - (2.5 if rare else 0.3)
    label = generator.random(patients) < 1 / (1 + np.exp(-odds))
    return Cohort(x, label, generator.multinomial(patients, np.full(patients, 1 / patients)))


COHORTS = [
    pytest.param(_cohort(40, 200), id="fewer patients than features"),
    pytest.param(_cohort(40, 3000, correlated=1.0), id="thousands of correlated features"),
    pytest.param(_cohort(300, 25), id="more patients than features"),
    pytest.param(_cohort(200, 60, correlated=2.0), id="strongly correlated"),
    pytest.param(_cohort(150, 80, rare=True), id="rare event"),
]


def _dense(fit: LassoFit, features: int) -> NDArray[np.float64]:
    b = np.zeros(features)
    b[fit.indices] = fit.coefficients
    return b


def _largest_violation(x: NDArray, label: NDArray, weight: NDArray, fit: LassoFit) -> float:
    """Of the optimality conditions, as a share of the penalty."""
    b = _dense(fit, x.shape[1])
    p = 1 / (1 + np.exp(-(x.astype(float) @ b + fit.intercept)))
    residual = weight / weight.sum() * (p - label)
    slope = residual @ x.astype(float)
    violations = np.where(b == 0, np.maximum(np.abs(slope) - fit.penalty, 0), np.abs(slope + fit.penalty * np.sign(b)))
    return float(max(violations.max(), abs(residual.sum())) / fit.penalty)


@pytest.mark.filterwarnings("ignore:.*is faster on contiguous arrays")
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2, 0.1])
@pytest.mark.parametrize("cohort", COHORTS)
def test_it_agrees_with_skglm_on_repeated_rows(cohort: Cohort, share: float) -> None:
    penalty = share * largest_penalty(cohort.x, cohort.label, cohort.drawn)
    rows = np.repeat(np.arange(len(cohort.x)), cohort.drawn)
    peer = SparseLogisticRegression(alpha=penalty, fit_intercept=True, tol=1e-9, max_iter=500, max_epochs=20000)
    peer.fit(np.asfortranarray(cohort.x[rows]), np.where(cohort.label[rows], 1, -1))

    fit = lasso_logistic(cohort.x, cohort.label, penalty, weight=cohort.drawn)

    assert fit.converged
    assert fit.indices.tolist() == np.flatnonzero(peer.coef_[0]).tolist()
    assert _dense(fit, cohort.x.shape[1]) == pytest.approx(peer.coef_[0], abs=1e-6)
    assert fit.intercept == pytest.approx(peer.intercept_, abs=1e-6)


@pytest.mark.parametrize("share", [0.9, 0.3])
@pytest.mark.parametrize("cohort", [COHORTS[0], COHORTS[2], COHORTS[4]])
def test_it_agrees_with_sklearn_where_patients_weigh_fractions(cohort: Cohort, share: float) -> None:
    weight = np.random.default_rng(3).uniform(0.2, 2.0, len(cohort.x))
    penalty = share * largest_penalty(cohort.x, cohort.label, weight)
    peer = LogisticRegression(l1_ratio=1.0, C=1 / (weight.sum() * penalty), solver="saga", tol=1e-10, max_iter=100_000)
    peer.fit(cohort.x, cohort.label, sample_weight=weight)

    fit = lasso_logistic(cohort.x, cohort.label, penalty, weight=weight)

    assert fit.indices.tolist() == np.flatnonzero(np.abs(peer.coef_[0]) > 1e-8).tolist()
    assert _dense(fit, cohort.x.shape[1]) == pytest.approx(peer.coef_[0], abs=1e-6)
    assert fit.intercept == pytest.approx(peer.intercept_[0], abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    patients=st.integers(5, 40),
    features=st.integers(1, 60),
    share=st.floats(0.02, 1.2),
    single=st.booleans(),
    scale=st.sampled_from([1e-3, 1.0, 50.0]),
)
def test_every_solution_meets_the_optimality_conditions(
    seed: int, patients: int, features: int, share: float, single: bool, scale: float
) -> None:
    generator = np.random.default_rng(seed)
    x = np.maximum(generator.normal(0.3, scale, (patients, features)), 0).astype(np.float32 if single else np.float64)
    weight = generator.integers(0, 4, patients) * generator.uniform(0.1, 1.0, patients)
    label = np.arange(patients) % 2 == 0
    weight[:2] = 0.5

    # The tolerance is a share of the penalty, which must leave it above the rounding of a sum.
    fit = lasso_logistic(x, label, share * largest_penalty(x, label, weight) + 1e-6, weight=weight)

    assert fit.converged
    assert fit.violation <= 1e-8
    assert _largest_violation(x, label, weight, fit) <= 2e-8


@pytest.mark.parametrize("share", [1.0, 1.5])
def test_from_the_largest_penalty_on_only_the_intercept_is_left(share: float) -> None:
    cohort = _cohort(50, 100)
    mean = np.average(cohort.label, weights=cohort.drawn)

    fit = lasso_logistic(
        cohort.x, cohort.label, share * largest_penalty(cohort.x, cohort.label, cohort.drawn), weight=cohort.drawn
    )

    assert not len(fit.indices)
    assert fit.intercept == pytest.approx(np.log(mean / (1 - mean)), abs=1e-12)


def test_just_below_the_largest_penalty_one_feature_enters() -> None:
    cohort = _cohort(50, 100)

    fit = lasso_logistic(cohort.x, cohort.label, 0.9999 * largest_penalty(cohort.x, cohort.label))

    assert len(fit.indices) == 1


@pytest.mark.parametrize("share", [1e-2, 1e-4, 1e-6])
def test_separable_patients_converge_also_at_a_small_penalty(share: float) -> None:
    cohort = _cohort(20, 120)
    penalty = share * largest_penalty(cohort.x, cohort.label)

    fit = lasso_logistic(cohort.x, cohort.label, penalty)

    assert fit.converged
    assert _largest_violation(cohort.x, cohort.label, np.ones(20), fit) <= 2e-8
    assert ((cohort.x @ _dense(fit, 120) + fit.intercept > 0) == cohort.label).all()


def test_a_precision_numbers_do_not_have_is_said_not_to_be_reached() -> None:
    cohort = _cohort(30, 20)

    fit = lasso_logistic(cohort.x, cohort.label, 0.1 * largest_penalty(cohort.x, cohort.label), tolerance=1e-19)

    assert not fit.converged
    assert fit.violation == np.inf


def test_of_identical_features_the_first_gets_the_coefficient() -> None:
    cohort = _cohort(60, 30)
    penalty = 0.3 * largest_penalty(cohort.x, cohort.label)
    alone = lasso_logistic(cohort.x, cohort.label, penalty)
    x = np.hstack([cohort.x[:, ::-1], cohort.x])

    fit = lasso_logistic(x, cohort.label, penalty)

    assert fit.indices.tolist() == sorted(29 - alone.indices)
    assert x @ _dense(fit, 60) + fit.intercept == pytest.approx(
        cohort.x @ _dense(alone, 30) + alone.intercept, abs=1e-7
    )


def test_features_identical_on_patients_with_weight_are_identical() -> None:
    cohort = _cohort(60, 10)
    absent = np.arange(60) < 10
    twin = np.where(absent, 5.0, cohort.x[:, 0])
    x = np.column_stack([twin, cohort.x])
    penalty = 0.3 * largest_penalty(x, cohort.label, ~absent)

    fit = lasso_logistic(x, cohort.label, penalty, weight=~absent)

    assert 0 in fit.indices
    assert 1 not in fit.indices


def test_differences_below_single_precision_decide() -> None:
    cohort = _cohort(60, 1500)
    best = int(np.argmax(np.abs((cohort.label.mean() - cohort.label) @ cohort.x)))
    x = np.column_stack([cohort.x, cohort.x[:, best] * (1 + 2e-8)])
    assert (x[:, best].astype(np.float32) == x[:, -1].astype(np.float32)).mean() > 0.5

    fit = lasso_logistic(x, cohort.label, 0.9 * largest_penalty(x, cohort.label), tolerance=1e-10)

    assert fit.converged
    assert 1500 in fit.indices
    assert best not in fit.indices


@pytest.mark.parametrize("arrange", [np.ascontiguousarray, np.asfortranarray], ids=["by row", "by column"])
def test_single_precision_features_are_fitted_as_they_are(arrange: type) -> None:
    cohort = _cohort(50, 300)
    x = cohort.x.astype(np.float32)
    penalty = 0.3 * largest_penalty(x, cohort.label)

    single = lasso_logistic(arrange(x), cohort.label, penalty)
    double = lasso_logistic(x.astype(np.float64), cohort.label, penalty)

    assert single.indices.tolist() == double.indices.tolist()
    assert single.coefficients == pytest.approx(double.coefficients, abs=1e-7)


def test_a_path_gives_what_single_fits_give_in_the_order_asked_for() -> None:
    cohort = _cohort(60, 200, correlated=1.0)
    penalties = [share * largest_penalty(cohort.x, cohort.label) for share in (0.3, 0.9, 0.1, 0.3)]

    path = lasso_path(cohort.x, cohort.label, penalties)

    assert [fit.penalty for fit in path] == penalties
    for fit in path:
        alone = lasso_logistic(cohort.x, cohort.label, fit.penalty)
        assert fit.indices.tolist() == alone.indices.tolist()
        assert fit.coefficients == pytest.approx(alone.coefficients, abs=1e-6)


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_alone_is_refused(outcome: bool) -> None:
    x = _cohort(10, 4).x
    label = np.where(np.arange(10) < 5, outcome, not outcome)
    weight = np.where(np.arange(10) < 5, np.random.default_rng(0).uniform(0.1, 1, 10), 0)
    for call in (largest_penalty, lambda x, label, weight: lasso_logistic(x, label, 0.1, weight=weight)):
        with pytest.raises(InputError, match="same outcome"):
            call(x, label, weight)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        pytest.param({"x": np.full((10, 4), np.nan)}, "finite", id="not a number"),
        pytest.param({"x": np.ones((10, 4), int)}, "float32 or float64", id="whole numbers"),
        pytest.param({"label": np.ones(9)}, "10 labels", id="a label short"),
        pytest.param({"label": np.arange(10)}, "true or false", id="labels beyond 1"),
        pytest.param({"penalty": 0.0}, "above 0", id="no penalty"),
        pytest.param({"penalty": np.inf}, "above 0", id="endless penalty"),
        pytest.param({"weight": np.full(10, -1.0)}, "none negative", id="negative weight"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changes: dict, match: str) -> None:
    given_ = {"x": _cohort(10, 4).x, "label": np.arange(10) < 4, "penalty": 0.1, "weight": None} | changes
    with pytest.raises(ValueError, match=match):
        lasso_logistic(given_["x"], given_["label"], given_["penalty"], weight=given_["weight"])


def test_an_interrupt_within_compiled_code_is_an_interrupt(monkeypatch):
    def interrupted(*_arguments):
        raise SystemError("returned a result with an exception set") from KeyboardInterrupt()

    monkeypatch.setattr(lasso_solving, "fit_candidates", interrupted)
    x = np.random.default_rng(0).normal(size=(20, 5))
    with pytest.raises(KeyboardInterrupt):
        lasso_logistic(x, np.arange(20) < 8, 0.01)
