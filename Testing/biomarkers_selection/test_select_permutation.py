"""What chance alone gives: exact where it can be checked, calibrated where it cannot."""

import numpy as np
import pytest

from prognosis.biomarkers.selection.permutation import BINS, count_p_values, count_permuted, permuted_orders
from prognosis.biomarkers.selection.results import Band, band_ends
from prognosis.biomarkers.selection.t_tests import welch_p_values
from prognosis.survival.metrics.horizon import HorizonEndpoint, horizon_endpoint


def correlated_features(n, p, generator):
    """Rarely active units that share a few causes, as those of a network do."""
    shared = generator.normal(size=(n, 8)) @ generator.normal(size=(8, p)) / np.sqrt(8)
    return np.maximum(shared + generator.normal(size=(n, p)) - 0.4, 0).astype(np.float32)


def endpoints_of(n, generator, horizons=(300, 700, 1200)):
    time, end = generator.exponential(900, n), generator.uniform(400, 3000, n)
    time[:2], end[:2] = 3000, 2900  # somebody is followed to every horizon
    return [horizon_endpoint(np.minimum(time, end), time <= end, day) for day in horizons]


def dealt(known, order):
    """An endpoint with the outcomes of other patients."""
    return known.label[order], known.complete[order]


def test_each_permutation_counts_what_the_exact_test_counts():
    generator = np.random.default_rng(3)
    features, labels = correlated_features(50, 1500, generator), endpoints_of(50, generator)
    features[:, :40] = 0
    features[0, :20] = 4
    orders = permuted_orders(50, 6, seed=[1])
    counted = count_permuted(features, labels, orders)
    for number, order in enumerate(orders):
        exact = count_p_values([welch_p_values(features, *dealt(known, order)) for known in labels])
        assert np.abs(exact.histogram[0] - counted.histogram[number]).sum() <= 4  # a p-value at the edge of a bin
        assert np.abs(exact.combinations[0] - counted.combinations[number]).sum() <= 2


def test_small_groups_are_counted_exactly_too():
    generator = np.random.default_rng(8)
    features = correlated_features(24, 3000, generator)
    label = np.arange(24) < 5
    known = HorizonEndpoint(label, np.ones(24, bool), np.ones(24), 5, 19, 0, 0)
    orders = permuted_orders(24, 4, seed=[2])
    counted = count_permuted(features, [known], orders)
    for number, order in enumerate(orders):
        exact = count_p_values([welch_p_values(features, *dealt(known, order))])
        assert np.abs(exact.histogram[0] - counted.histogram[number]).sum() <= 8


def test_features_are_counted_at_exactly_the_endpoints_where_they_are_significant():
    counts = count_p_values([np.array([0.01, 0.04, 0.2, np.nan]), np.array([0.01, 0.5, 0.049, 0.001])])
    assert counts.combinations.tolist() == [[0, 1, 2, 1]]
    assert counts.significant(0).tolist() == [2]
    assert counts.significant(1).tolist() == [3]
    assert counts.everywhere.tolist() == [1]
    assert counts.anywhere.tolist() == [4]
    assert counts.histogram[0, 0].sum() == 3


def test_a_p_value_of_1_is_in_the_last_bin_and_005_in_the_second():
    histogram = count_p_values([np.array([0.0, 0.05, 1.0])]).histogram[0, 0]
    assert histogram[[0, 1, BINS - 1]].tolist() == [1, 1, 1]


def test_every_permutation_deals_each_patient_once():
    orders = permuted_orders(7, 300, seed=[4])
    assert (np.sort(orders, axis=1) == np.arange(7)).all()
    np.testing.assert_array_equal(orders, permuted_orders(7, 300, seed=[4]))
    assert len(np.unique(orders[:, 0])) == 7


def test_progress_ends_at_all_features():
    generator = np.random.default_rng(0)
    told = []
    count_permuted(
        correlated_features(30, 1200, generator), endpoints_of(30, generator), permuted_orders(30, 3, seed=[0]),
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert told[-1] == ("permutations", 1200, 1200)


def test_without_any_tie_to_survival_counts_lie_within_the_band_as_often_as_it_says():
    """And the band is needed: of correlated features, far more or fewer than 5 % pass in a single study."""
    inside = everywhere = plain = 0
    studies = 120
    for study in range(studies):
        generator = np.random.default_rng([7, study])
        features, labels = correlated_features(40, 400, generator), endpoints_of(40, generator)
        observed = count_p_values([welch_p_values(features, *dealt(known, np.arange(40))) for known in labels])
        permuted = count_permuted(features, labels, permuted_orders(40, 199, seed=[study]))
        count = int(observed.significant(1)[0])
        inside += not Band.of(count, permuted.significant(1)).outside
        everywhere += Band.of(int(observed.everywhere[0]), permuted.everywhere).p_value <= 0.05
        plain += abs(count - 20) <= 2 * np.sqrt(400 * 0.05 * 0.95)
    assert 0.90 <= inside / studies <= 1.0
    assert everywhere / studies <= 0.11
    assert plain / studies < 0.85


@pytest.mark.parametrize(("rounds", "least"), [(40, 0.95), (99, 0.95), (200, 0.95), (1000, 0.95)])
def test_a_further_permutation_lies_in_the_band_with_95_percent(rounds, least):
    low, high = band_ends(np.arange(rounds))
    # Between the order statistics k and R + 1 - k lie R + 1 - 2 k of R + 1 equally likely places.
    covered = (high - low) / (rounds + 1)
    assert least <= covered < 0.975


def test_a_band_says_how_unusual_a_count_is():
    band = Band.of(60, np.arange(99))
    assert (band.expected, band.p_value, band.outside) == (49, 0.4, False)
    assert Band.of(1000, np.arange(99)).p_value == 0.01
    assert Band.of(1000, np.arange(99)).outside
