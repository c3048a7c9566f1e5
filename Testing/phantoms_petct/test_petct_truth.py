"""The truth of the PET/CT phantom: what must be knowable from it, what must not suffice, and what time does to it."""

from dataclasses import replace

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from prognosis.errors import UsageError
from prognosis.phantoms.petct import Cause, PetctPhantomOptions, Truths, World, draw_truth, draw_truths
from prognosis.phantoms.petct.truth import HORIZON_DAYS, LOG_TLG_MEAN, LOG_TLG_SD


def _auc(population: Truths, score: NDArray) -> float:
    dead = population.dead_by_two_years
    known = np.isfinite(dead)
    return float(roc_auc_score(dead[known], score[known]))


def _probability(logit: NDArray) -> NDArray:
    return 1.0 / (1.0 + np.exp(-logit))


def test_the_true_log_odds_rank_patients_as_designed(populations: dict[World, Truths]) -> None:
    population = populations[World.PERIPHERY]
    assert 0.78 <= _auc(population, population.logit) <= 0.82
    assert 0.64 <= _auc(population, population.tlg) <= 0.68
    assert 0.72 <= _auc(population, population.burden) <= 0.77


def test_nothing_predicts_in_the_null_world(populations: dict[World, Truths]) -> None:
    null = populations[World.NULL]
    assert len(np.unique(null.logit)) == 1
    for score in (null.tlg, null.burden, null.suv_mean, null.faces_hilum):
        assert _auc(null, score) == pytest.approx(0.5, abs=0.015)


def test_log_odds_are_those_of_the_formula(populations: dict[World, Truths]) -> None:
    population = populations[World.PERIPHERY]
    z = (np.log(population.tlg) - LOG_TLG_MEAN) / LOG_TLG_SD
    assert population.logit == pytest.approx(-0.6 + 0.75 * z + 1.1 * population.periphery)
    for score in (z, population.periphery):
        assert score.mean() == pytest.approx(0.0, abs=0.02)
        assert score.std() == pytest.approx(1.0, abs=0.02)
    assert abs(np.corrcoef(z, population.periphery)[0, 1]) < 0.02


@pytest.mark.parametrize("years", [1, 2, 5])
def test_deaths_follow_proportional_odds_with_the_formula_at_two_years(years: float) -> None:
    """What S(t) = 1 / (1 + (t/a)^b) says lies between the deaths seen and those with the ones censored before."""
    options = PetctPhantomOptions(seed=5)
    population = draw_truths(options, 60_000)
    date = years * HORIZON_DAYS / 2
    seen = population.event | (population.time_days > date)
    dead = population.event & (population.time_days <= date)
    at_risk = population.logit + options.shape * np.log(years / 2)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        part = (at_risk >= np.quantile(at_risk, low)) & (at_risk <= np.quantile(at_risk, high))
        assert dead[part].mean() <= _probability(at_risk[part]).mean() + 0.01
        assert dead[part].mean() + (~seen[part]).mean() >= _probability(at_risk[part]).mean() - 0.01


def test_kaplan_meier_at_two_years_agrees_with_the_mean_probability(populations: dict[World, Truths]) -> None:
    for population in populations.values():
        curve = KaplanMeierFitter().fit(population.time_days, population.event)
        assert 1.0 - curve.predict(HORIZON_DAYS) == pytest.approx(_probability(population.logit).mean(), abs=0.012)


@pytest.mark.parametrize("world", list(World))
def test_follow_up_is_that_of_a_real_cohort(populations: dict[World, Truths], world: World) -> None:
    population = populations[world]
    assert 0.15 <= np.isnan(population.dead_by_two_years).mean() <= 0.25
    assert 0.05 <= (population.time_days > 5 * HORIZON_DAYS / 2).mean() <= 0.2
    assert (population.cause == Cause.DISEASE).sum() / population.event.sum() == pytest.approx(0.8, abs=0.02)
    assert np.array_equal(population.event, population.cause > 0)
    assert population.time_days.min() >= 1
    assert np.array_equal(population.time_days, np.rint(population.time_days))


def test_tumours_and_growth_are_of_plausible_size(populations: dict[World, Truths]) -> None:
    population = populations[World.PERIPHERY]
    diameter = np.cbrt(population.volume_ml * 6000.0 / np.pi)
    assert diameter.min() >= 10.0
    assert diameter.max() <= 60.0
    assert 0.01 <= (diameter > 48.0).mean() <= 0.06
    assert (population.burden == 0).mean() == pytest.approx(0.35, abs=0.015)
    assert population.burden[population.burden > 0].min() >= 0.4
    assert population.faces_hilum.mean() == pytest.approx(0.7, abs=0.015)


def test_a_patient_is_the_same_alone_and_in_a_cohort_of_any_size() -> None:
    options = PetctPhantomOptions(patients=3, seed=4)
    alone, among = draw_truth(options, 777), draw_truths(replace(options, patients=5000), 5000)
    assert alone.time_days == among.time_days[777]
    assert alone.logit == among.logit[777]
    assert alone.tlg == among.tlg[777]
    assert alone.periphery == among.periphery[777]
    assert alone.cause == among.cause[777]
    assert draw_truth(options, 776) != alone
    assert draw_truth(replace(options, seed=5), 777).logit != alone.logit


def test_the_null_world_has_the_same_images_and_another_outcome() -> None:
    options = PetctPhantomOptions(seed=8)
    real, null = draw_truths(options, 500), draw_truths(replace(options, world=World.NULL), 500)
    assert np.array_equal(real.tlg, null.tlg)
    assert np.array_equal(real.burden, null.burden)
    assert not np.array_equal(real.time_days, null.time_days)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patients": 0}, "0 patients"),
        ({"seed": -1}, "seed -1"),
        ({"shape": 0.0}, "shape of 0"),
        ({"disease_share": 1.5}, "1.5 of the deaths"),
        ({"field_of_view_mm": (150.0, 150.0, 60.0)}, "150 x 150 x 60 mm"),
    ],
    ids=["no patient", "negative seed", "no shape", "more than all deaths", "low field of view"],
)
def test_a_petct_cohort_that_cannot_be_drawn_is_refused_in_words(wrong: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PetctPhantomOptions(**wrong)
