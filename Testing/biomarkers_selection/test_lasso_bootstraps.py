"""Many LASSO logistic regressions on resamples of patients."""

import numpy as np
import pytest
from numpy.typing import NDArray

from prognosis.biomarkers.selection.lasso import largest_penalty, lasso_logistic
from prognosis.biomarkers.selection.lasso_bootstrap import draw_multiplicities, lasso_bootstraps
from prognosis.errors import CancelledError

PATIENTS, FEATURES, DRAWS = 50, 5000, 40
PLANTED = 4321


@pytest.fixture(scope="module")
def x() -> NDArray[np.float32]:
    """Features as a network gives them: not negative, correlated, standardised."""
    generator = np.random.default_rng(0)
    common = generator.standard_normal((PATIENTS, 20)) @ generator.standard_normal((20, FEATURES)) / 4
    x = np.maximum(common + generator.standard_normal((PATIENTS, FEATURES)), 0)
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)


@pytest.fixture(scope="module")
def labels(x: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Two endpoints, the second rarer."""
    odds = x[:, PLANTED] + np.random.default_rng(1).normal(scale=0.5, size=PATIENTS)
    return np.stack([odds > 0, odds > 0.7])


@pytest.fixture(scope="module")
def penalties(x: NDArray[np.float32], labels: NDArray[np.bool_]) -> list[float]:
    return [share * largest_penalty(x, label) for share, label in zip((0.5, 0.6), labels, strict=True)]


@pytest.fixture(scope="module")
def draws() -> NDArray[np.float64]:
    return draw_multiplicities(np.arange(PATIENTS), DRAWS, seed=2)


@pytest.fixture(scope="module")
def everybody(labels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.ones_like(labels)


def test_each_resample_is_fitted_as_it_would_be_alone(x, labels, everybody, draws, penalties) -> None:
    found = lasso_bootstraps(x, labels, everybody, draws, penalties)

    for label, penalty, endpoint in zip(labels, penalties, found, strict=True):
        assert endpoint.unconverged == 0
        assert endpoint.resamples.tolist() == list(range(DRAWS))
        for number, drawn in enumerate(draws):
            alone = lasso_logistic(x, label, penalty, weight=drawn)
            assert endpoint.supports[number].tolist() == alone.indices.tolist()
            assert endpoint.coefficients[number] == pytest.approx(alone.coefficients, abs=1e-6)
            assert endpoint.intercepts[number] == pytest.approx(alone.intercept, abs=1e-6)


def test_inclusion_counts_supports_and_finds_what_was_planted(x, labels, everybody, draws, penalties) -> None:
    found = lasso_bootstraps(x, labels, everybody, draws, penalties)[0]

    assert found.counts.sum() == sum(len(support) for support in found.supports)
    assert found.inclusion[PLANTED] == np.mean([PLANTED in support for support in found.supports])
    assert np.argmax(found.inclusion) == PLANTED


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_number_of_threads_changes_nothing(
    x, labels, everybody, draws, penalties, threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lasso_bootstraps(x, labels, everybody, draws, penalties)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)

    again = lasso_bootstraps(x, labels, everybody, draws, penalties)

    for one, other in zip(before, again, strict=True):
        assert (one.counts == other.counts).all()
        assert np.concatenate(one.coefficients) == pytest.approx(np.concatenate(other.coefficients), abs=1e-7)


def test_patients_whose_endpoint_is_not_known_do_not_take_part(x, labels, everybody, draws, penalties) -> None:
    known = everybody.copy()
    known[0, ::5] = False
    guessed = labels.copy()
    guessed[0, ::5] ^= True

    as_given, as_guessed = (lasso_bootstraps(x, of, known, draws[:5], penalties) for of in (labels, guessed))

    assert (as_given[0].counts == as_guessed[0].counts).all()
    alone = lasso_logistic(x, labels[0], penalties[0], weight=draws[0] * known[0])
    assert as_given[0].supports[0].tolist() == alone.indices.tolist()
    assert (
        as_given[1].supports[0].tolist() == lasso_logistic(x, labels[1], penalties[1], weight=draws[0]).indices.tolist()
    )


def test_annotations_share_the_weight_of_their_patient(x, labels, everybody, draws, penalties) -> None:
    twice = np.r_[np.arange(PATIENTS), 3, 4]
    weight = np.where(np.isin(twice, [3, 4]), 0.5, 1.0)

    once = lasso_bootstraps(x, labels, everybody, draws[:5], penalties)
    shared = lasso_bootstraps(
        x[twice], labels[:, twice], everybody[:, twice], draws[:5, twice], penalties, weight=weight
    )

    for one, other in zip(once, shared, strict=True):
        assert [support.tolist() for support in one.supports] == [support.tolist() for support in other.supports]
        assert np.concatenate(one.coefficients) == pytest.approx(np.concatenate(other.coefficients), abs=1e-6)


def test_resamples_of_one_outcome_are_left_out_and_counted(x, labels, everybody, draws, penalties) -> None:
    draws = draws[:6].copy()
    draws[1] = labels[0]
    draws[4] = ~labels[0]

    found = lasso_bootstraps(x, labels[:1], everybody[:1], draws, penalties[:1])[0]

    assert found.skipped == 2
    assert found.resamples.tolist() == [0, 2, 3, 5]
    assert len(found.supports) == len(found.intercepts) == 4
    assert found.supports[1].tolist() == lasso_logistic(x, labels[0], penalties[0], weight=draws[2]).indices.tolist()


def test_an_endpoint_without_events_gives_no_inclusion_and_leaves_others_alone(
    x, labels, everybody, draws, penalties
) -> None:
    none = np.stack([np.zeros(PATIENTS, bool), labels[0]])

    without, with_events = lasso_bootstraps(x, none, everybody, draws[:3], penalties)

    assert without.skipped == 3
    assert not without.counts.any()
    assert np.isnan(without.inclusion).all()
    assert len(with_events.supports) == 3


def test_progress_ends_with_all_and_may_stop_the_work(x, labels, everybody, draws, penalties) -> None:
    told: list[tuple[int, int]] = []
    lasso_bootstraps(x, labels, everybody, draws, penalties, progress=lambda *what: told.append(what[1:]))

    def cancel(step: str, done: int, total: int) -> None:
        raise CancelledError("Cancelled.")

    assert told == sorted(told)
    assert told[-1] == (2 * DRAWS, 2 * DRAWS)
    with pytest.raises(CancelledError):
        lasso_bootstraps(x, labels, everybody, draws, penalties, progress=cancel)


def test_annotations_of_a_patient_are_drawn_together() -> None:
    patient = np.array([7, 3, 7, 11, 3, 7])

    drawn = draw_multiplicities(patient, 50, seed=5)

    assert drawn.shape == (50, 6)
    for same in ([0, 2, 5], [1, 4]):
        assert (drawn[:, same] == drawn[:, same[:1]]).all()
    assert (drawn[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(drawn, axis=0)) > 5
    assert (drawn == draw_multiplicities(patient, 50, seed=5)).all()
    assert (drawn != draw_multiplicities(patient, 50, seed=6)).any()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        pytest.param({"labels": np.ones((2, 3))}, "got shapes", id="labels of other patients"),
        pytest.param({"labels": np.full((2, PATIENTS), 2)}, "true or false", id="labels beyond 1"),
        pytest.param({"draws": np.ones((4, 3))}, "draws need", id="draws of other patients"),
        pytest.param({"draws": -np.ones((4, PATIENTS))}, "not negative", id="negative draws"),
        pytest.param({"penalties": [0.1]}, "got shapes", id="a penalty short"),
        pytest.param({"penalties": [0.1, -1.0]}, "above 0", id="negative penalty"),
    ],
)
def test_what_does_not_fit_is_refused(x, labels, everybody, draws, penalties, changes, match) -> None:
    given = {"labels": labels, "draws": draws, "penalties": penalties} | changes
    with pytest.raises(ValueError, match=match):
        lasso_bootstraps(x, given["labels"], everybody, given["draws"], given["penalties"])
