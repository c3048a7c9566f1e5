"""Welch's t-test of every feature, and standardising, beside other programs."""

import warnings

import numpy as np
import pytest
from scipy import stats

from prognosis.biomarkers.selection.standardising import average_annotations, fit_standardising
from prognosis.biomarkers.selection.t_tests import welch_p_values


def features_of(n, p, seed=0):
    """Rarely active units, shifted ones, and ones far from zero."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, p)) - generator.uniform(-1, 2, p)
    values = np.maximum(values, 0) * 10.0 ** generator.integers(-3, 3, p)
    values[:, ::7] += 500
    return values.astype(np.float32)


def peer(features, label, complete):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of units that are the same in a group
        return stats.ttest_ind(
            features[complete & label].astype(float), features[complete & ~label].astype(float), equal_var=False
        ).pvalue


@pytest.mark.parametrize("n", [12, 40, 300])
def test_p_values_are_those_of_scipy(n):
    features = features_of(n, 5000)
    generator = np.random.default_rng(1)
    label, complete = generator.random(n) < 0.4, generator.random(n) < 0.9
    ours, theirs = welch_p_values(features, label, complete), peer(features, label, complete)
    varies = np.isfinite(theirs) & (theirs > 0)
    assert varies.sum() > 3500
    np.testing.assert_allclose(ours[varies], theirs[varies], rtol=1e-8, atol=0)


def test_who_is_no_complete_case_changes_nothing():
    features, label = features_of(30, 50), np.arange(30) % 2 == 0
    complete = np.arange(30) < 24
    before = welch_p_values(features, label, complete)
    features[24:] *= 100
    np.testing.assert_array_equal(before, welch_p_values(features, label, complete))


def test_a_unit_that_is_the_same_in_all_has_no_p_value_and_a_perfect_one_has_0():
    features = np.array([[0.1, 1, 0], [0.1, 1, 1], [0.1, 3, 2], [0.1, 3, 5], [9, 2, 4]], np.float32)
    p_values = welch_p_values(features, np.array([1, 1, 0, 0, 0], bool), np.array([1, 1, 1, 1, 0], bool))
    assert np.isnan(p_values[0])
    assert p_values[1] == 0
    assert 0 < p_values[2] < 1


def test_a_group_of_one_is_refused():
    with pytest.raises(ValueError, match="got 1 and 3"):
        welch_p_values(features_of(4, 3), np.arange(4) == 0, np.ones(4, bool))


def test_annotations_of_a_patient_are_averaged():
    features = np.array([[1, 0], [5, 6], [3, 0]], np.float32)
    averaged = average_annotations(features, np.array([0, 1, 0]))
    assert averaged.tolist() == [[2, 0], [5, 6]]
    assert average_annotations(features, np.arange(3)) is features


def test_standardised_features_have_mean_0_and_spread_1():
    features = features_of(60, 9000)
    fitted = fit_standardising(features, least_active=0.1)
    assert 0 < len(fitted.kept) < 9000
    standardised = fitted.apply(features)
    np.testing.assert_allclose(standardised.mean(axis=0, dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(standardised.std(axis=0, dtype=float), 1, atol=1e-5)


def test_mean_and_spread_are_those_of_training_patients():
    features = features_of(20, 40)
    features[:, 0] = np.arange(20)
    fitted = fit_standardising(features[:10], least_active=0.0)
    assert fitted.kept[0] == 0
    np.testing.assert_allclose(
        fitted.apply(features[10:])[:, 0], (np.arange(10, 20) - 4.5) / np.std(np.arange(10)), rtol=1e-6
    )


@pytest.mark.parametrize(("active", "kept"), [(1, False), (2, True), (3, True)])
def test_a_unit_active_in_fewer_than_a_tenth_is_left_out(active, kept):
    features = np.zeros((20, 2), np.float32)
    features[:active, 0] = 1
    features[:, 1] = 7
    fitted = fit_standardising(features, least_active=0.1)
    assert fitted.kept.tolist() == ([0] if kept else [])
    assert fitted.rarely_active == (0 if kept else 1)
    assert fitted.constant == 1
