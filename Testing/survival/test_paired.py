"""Paired comparisons: closed forms, symmetry, Holm's definition, and coverage where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.survival.estimate import draw_patients, estimate
from prognosis.survival.evaluation.paired import adjust_for_many, bootstrap_p_value, compare_paired, holm


def holm_by_its_definition(p_values):
    """The largest, over all p-values up to one, of p times how many are not below it; at most 1."""
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = np.empty(len(order)), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(order) - rank) * p_values[index])
        adjusted[index] = min(largest, 1.0)
    return adjusted


@pytest.mark.parametrize(
    ("differences", "p_value"),
    [
        pytest.param(np.ones(99), 0.02, id="all on one side: twice one in a hundred, never zero"),
        pytest.param(-np.ones(99), 0.02, id="all on the other side"),
        pytest.param(np.r_[np.ones(95), -np.ones(4)], 0.1, id="four of 99 on the rarer side"),
        pytest.param(np.r_[np.ones(50), -np.ones(50)], 1.0, id="as many on either side: never above one"),
        pytest.param(np.zeros(20), 1.0, id="no difference at all"),
        pytest.param(np.r_[np.ones(95), np.zeros(4)], 0.1, id="zero counts against either side"),
        pytest.param(np.r_[np.ones(99), np.full(900, np.nan)], 0.02, id="what could not be had is left out"),
        pytest.param([1.0], 1.0, id="a single resample"),
    ],
)
def test_p_values_have_their_closed_form(differences, p_value):
    assert bootstrap_p_value(differences) == pytest.approx(p_value)


@pytest.mark.parametrize("differences", [[], [np.nan, np.nan]])
def test_without_resamples_there_is_no_p_value(differences):
    assert np.isnan(bootstrap_p_value(differences))


def test_the_interval_is_that_of_the_paired_differences():
    generator = np.random.default_rng(0)
    shared = generator.normal(0.7, 0.1, 500)
    first, second = shared + generator.normal(0.02, 0.01, 500), shared
    comparison = compare_paired("c_index", "deepsurv", "coxph", 0.021, first, second)
    assert (comparison.metric, comparison.model, comparison.against) == ("c_index", "deepsurv", "coxph")
    assert comparison.difference.value == 0.021
    low, high = np.percentile(first - second, [2.5, 97.5])
    assert (comparison.difference.low, comparison.difference.high) == pytest.approx((low, high))
    assert high - low < 0.2 * np.ptp(np.percentile(first, [2.5, 97.5]))
    assert comparison.primary


def test_a_resample_that_one_model_lacks_is_left_out():
    first, second = np.array([0.7, np.nan, 0.8, 0.9]), np.array([0.5, 0.6, np.nan, 0.6])
    difference = compare_paired("c_index", "a", "b", 0.2, first, second).difference
    assert (difference.low, difference.high) == pytest.approx(tuple(np.percentile([0.2, 0.3], [2.5, 97.5])))


@pytest.mark.parametrize(("first", "second"), [((10,), (9,)), ((2, 5), (2, 5))])
def test_models_that_were_not_resampled_alike_are_refused(first, second):
    with pytest.raises(ValueError, match="same resamples of both models"):
        compare_paired("c_index", "a", "b", 0.0, np.zeros(first), np.zeros(second))


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_exchanging_models_turns_the_sign_and_nothing_else(first, seed):
    second = np.random.default_rng(seed).normal(size=len(first))
    one = compare_paired("c_index", "a", "b", 0.1, first, second)
    other = compare_paired("c_index", "b", "a", -0.1, second, first)
    assert one.p_value == other.p_value
    assert one.difference.low == pytest.approx(-other.difference.high)
    assert one.difference.high == pytest.approx(-other.difference.low)


@given(st.floats(-4, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_p_is_small_just_where_the_interval_leaves_zero_out(shift, seed):
    comparison = compare_paired("x", "a", "b", shift, np.random.default_rng(seed).normal(shift, 1, 999), np.zeros(999))
    if comparison.difference.low > 0 or comparison.difference.high < 0:
        assert comparison.p_value <= 0.052
    else:
        assert comparison.p_value >= 0.05


def test_holm_adjusts_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_holm_is_what_its_definition_says(p_values):
    assert holm(p_values) == pytest.approx(holm_by_its_definition(p_values))


def test_a_p_value_that_could_not_be_had_does_not_count_for_the_others():
    adjusted = holm([0.01, np.nan, 0.03])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.03])
    assert np.isnan(adjusted[1])
    assert np.isnan(holm([np.nan])).all()
    assert holm([]).shape == (0,)


def test_the_first_contrast_stays_and_the_others_are_one_family():
    resampled = [np.r_[np.ones(99 - k), -np.ones(k)] for k in (0, 0, 1, 4)]
    raw = [compare_paired(f"m{k}", "a", "b", 1.0, first, np.zeros(99)) for k, first in enumerate(resampled)]
    primary, *others = adjust_for_many(raw)
    assert primary == raw[0]
    assert [one.p_adjusted for one in others] == pytest.approx([0.06, 0.08, 0.1])
    assert [one.p_value for one in others] == pytest.approx([0.02, 0.04, 0.1])
    assert [one.primary for one in (primary, *others)] == [True, False, False, False]


def test_nothing_compared_yields_nothing():
    assert adjust_for_many([]) == ()


def test_intervals_cover_the_truth_and_p_values_keep_their_level():
    generator = np.random.default_rng(5)
    covered, rejected, rounds, n, truth = 0, 0, 300, 60, 0.3
    for seed in range(rounds):
        patients = generator.normal(size=n)
        first, second = (patients + generator.normal(mean, 1, n) for mean in (truth, 0.0))
        draws = draw_patients(np.zeros(n), draws=200, seed=seed)
        (one, one_draws), (two, two_draws) = (
            estimate(lambda weight, of=of: float(weight @ of / weight.sum()), draws) for of in (first, second)
        )
        comparison = compare_paired("mean", "a", "b", one.value - two.value, one_draws, two_draws)
        covered += comparison.difference.low <= truth <= comparison.difference.high
        rejected += bootstrap_p_value(one_draws - two_draws - truth) < 0.05
    # Three hundred rounds know a share of 0.95 to 0.025; a bootstrap of 60 patients is a little too narrow.
    assert 0.90 <= covered / rounds <= 0.98
    assert 0.02 <= rejected / rounds <= 0.10
