"""The truth of the lesion phantom: what must be knowable from it, and what must not suffice."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from lifelines.utils import concordance_index
from numpy.typing import NDArray

from prognosis.errors import UsageError
from prognosis.phantoms.lesions import LesionPhantomOptions, LesionTruth, PatientTruth, World, draw_truth
from prognosis.phantoms.lesions.hazard import REFERENCE_VOLUME_MM3

Lesions = Sequence[LesionTruth]


def _diameters(lesions: Lesions) -> NDArray[np.float64]:
    return np.cbrt([6.0 / np.pi * lesion.volume_mm3 for lesion in lesions])


def _weighted_sum(lesions: Lesions) -> float:
    risk = np.array([lesion.risk for lesion in lesions])
    size = np.cbrt([lesion.volume_mm3 / REFERENCE_VOLUME_MM3 for lesion in lesions])
    return float(np.sum((0.25 + risk) * size))


def _concordance(cohort: list[PatientTruth], risks: Sequence[float]) -> float:
    times = [patient.time_days for patient in cohort]
    return float(concordance_index(times, -np.asarray(risks), [patient.event for patient in cohort]))


def _oracle(cohort: list[PatientTruth]) -> float:
    return _concordance(cohort, [patient.lesion_log_hazard for patient in cohort])


def _all_lesions(cohort: list[PatientTruth]) -> list[LesionTruth]:
    return [lesion for patient in cohort for lesion in patient.lesions]


@pytest.mark.parametrize("world", [World.SUM, World.LARGEST])
def test_the_true_hazard_ranks_patients_as_well_as_designed(
    cohorts: dict[World, list[PatientTruth]], world: World
) -> None:
    assert 0.74 <= _oracle(cohorts[world]) <= 0.78


@pytest.mark.parametrize(
    "burden",
    [len, lambda lesions: sum(lesion.volume_mm3 for lesion in lesions), lambda lesions: _diameters(lesions).sum()],
    ids=["count", "total volume", "sum of diameters"],
)
def test_tumour_burden_alone_takes_less_than_half_of_what_can_be_known(
    cohorts: dict[World, list[PatientTruth]], burden: Callable[[Lesions], float]
) -> None:
    cohort = cohorts[World.SUM]
    gain = _concordance(cohort, [burden(patient.lesions) for patient in cohort]) - 0.5
    assert 0.02 < gain <= 0.45 * (_oracle(cohort) - 0.5)


def test_a_plain_sum_over_lesions_can_learn_nearly_everything(cohorts: dict[World, list[PatientTruth]]) -> None:
    cohort = cohorts[World.SUM]
    gain = _concordance(cohort, [_weighted_sum(patient.lesions) for patient in cohort]) - 0.5
    assert gain >= 0.95 * (_oracle(cohort) - 0.5)


def test_the_sum_fails_where_only_the_largest_lesion_counts(cohorts: dict[World, list[PatientTruth]]) -> None:
    cohort = cohorts[World.LARGEST]
    gain = _concordance(cohort, [_weighted_sum(patient.lesions) for patient in cohort]) - 0.5
    assert gain <= 0.65 * (_oracle(cohort) - 0.5)


def test_nothing_predicts_in_the_null_world(cohorts: dict[World, list[PatientTruth]]) -> None:
    cohort = cohorts[World.NULL]
    assert {patient.log_hazard for patient in cohort} == {0.0}
    for risks in ([_weighted_sum(p.lesions) for p in cohort], [float(p.group == "treatment-2") for p in cohort]):
        assert _concordance(cohort, risks) == pytest.approx(0.5, abs=0.025)


@pytest.mark.parametrize("world", list(World))
def test_about_28_percent_are_censored_in_every_world(cohorts: dict[World, list[PatientTruth]], world: World) -> None:
    censored = np.mean([not patient.event for patient in cohorts[world]])
    assert censored == pytest.approx(0.28, abs=0.03)


@pytest.mark.parametrize("world", [World.SUM, World.LARGEST])
@pytest.mark.parametrize("median", [4, 9])
def test_the_log_hazard_is_standardised_on_the_population(world: World, median: int) -> None:
    options = LesionPhantomOptions(seed=21, world=world, median_lesions=median)
    hazards = np.array([draw_truth(options, index).lesion_log_hazard for index in range(6000)])
    assert hazards.mean() == pytest.approx(0.0, abs=0.06)
    assert hazards.std() == pytest.approx(1.2, abs=0.06)


def test_a_patient_has_9_lesions_in_the_median_and_at_most_40(cohorts: dict[World, list[PatientTruth]]) -> None:
    counts = [len(patient.lesions) for patient in cohorts[World.SUM]]
    assert np.median(counts) == 9
    assert min(counts) == 1
    assert 30 <= max(counts) <= 40


@pytest.mark.parametrize("median", [2, 20])
def test_another_median_can_be_asked_for(median: int) -> None:
    options = LesionPhantomOptions(seed=6, median_lesions=median)
    counts = [len(draw_truth(options, index).lesions) for index in range(1001)]
    assert np.median(counts) == pytest.approx(median, abs=1)
    assert 1 <= min(counts) <= max(counts) <= 40


def test_lesion_risk_is_standardised_and_independent_of_volume(cohorts: dict[World, list[PatientTruth]]) -> None:
    lesions = _all_lesions(cohorts[World.SUM])
    risk = np.array([lesion.risk for lesion in lesions])
    log_volume = np.log([lesion.volume_mm3 for lesion in lesions])
    assert risk.mean() == pytest.approx(0.0, abs=0.02)
    assert risk.std() == pytest.approx(1.0, abs=0.02)
    assert log_volume.std() == pytest.approx(1.2, abs=0.03)
    assert abs(np.corrcoef(risk, log_volume)[0, 1]) < 0.02
    assert np.median(_diameters(lesions)) == pytest.approx(14.0, abs=0.3)
    assert _diameters(lesions).min() > 4.5


@pytest.mark.parametrize(("feature", "correlation"), [("texture", 0.65), ("margin", 0.59)])
def test_lesion_risk_rises_with_what_the_image_shows(
    cohorts: dict[World, list[PatientTruth]], feature: str, correlation: float
) -> None:
    lesions = _all_lesions(cohorts[World.SUM])
    values = [getattr(lesion, feature) for lesion in lesions]
    assert np.corrcoef(values, [lesion.risk for lesion in lesions])[0, 1] == pytest.approx(correlation, abs=0.03)


def test_organs_order_the_risk_from_lung_to_bone(cohorts: dict[World, list[PatientTruth]]) -> None:
    lesions = _all_lesions(cohorts[World.SUM])
    mean = {
        organ: np.mean([lesion.risk for lesion in lesions if lesion.organ == organ])
        for organ in ("lung", "mediastinum", "liver", "bone")
    }
    assert mean["lung"] == pytest.approx(-0.5, abs=0.05)
    assert mean["bone"] == pytest.approx(0.8, abs=0.05)
    assert mean["lung"] < mean["mediastinum"] < mean["bone"]


def test_the_scanner_and_the_readers_carry_no_risk(cohorts: dict[World, list[PatientTruth]]) -> None:
    cohort = cohorts[World.SUM]
    for nuisance in (
        [patient.scanner.noise_hu for patient in cohort],
        [patient.scanner.blur_voxels for patient in cohort],
        [patient.scanner.enhancement for patient in cohort],
        [float(patient.annotators) for patient in cohort],
        [float(patient.site[-1]) for patient in cohort],
    ):
        assert _concordance(cohort, nuisance) == pytest.approx(0.5, abs=0.025)
    assert {patient.annotators for patient in cohort} == {1, 2, 3, 4}


def test_times_are_whole_days_of_a_plausible_follow_up(cohorts: dict[World, list[PatientTruth]]) -> None:
    times = np.array([patient.time_days for patient in cohorts[World.SUM]])
    assert times.min() >= 1
    assert np.array_equal(times, np.rint(times))
    assert 300 < np.median(times) < 800


def test_treatment_lowers_the_hazard_and_can_decide_on_censoring() -> None:
    options = LesionPhantomOptions(seed=31, treatment_dependent_censoring=True)
    cohort = [draw_truth(options, index) for index in range(2000)]
    censored = {
        group: np.mean([not patient.event for patient in cohort if patient.group == group])
        for group in ("treatment-1", "treatment-2")
    }
    assert censored["treatment-1"] > censored["treatment-2"] + 0.15
    plain = [draw_truth(replace(options, treatment_dependent_censoring=False), index) for index in range(2000)]
    assert [patient.log_hazard for patient in plain] == [patient.log_hazard for patient in cohort]
    for patient in cohort:
        effect = -0.4 if patient.group == "treatment-2" else 0.0
        assert patient.log_hazard == pytest.approx(patient.lesion_log_hazard + effect)


def test_a_patient_is_the_same_in_a_cohort_of_any_size() -> None:
    few, many = LesionPhantomOptions(patients=5, seed=4), LesionPhantomOptions(patients=5000, seed=4)
    assert draw_truth(few, 3) == draw_truth(many, 3)
    assert draw_truth(few, 3) != draw_truth(few, 2)
    assert draw_truth(few, 3) != draw_truth(replace(few, seed=5), 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patients": 0}, "0 patients"),
        ({"seed": -1}, "seed -1"),
        ({"median_lesions": 30}, "median of 30 lesions"),
        ({"median_lesions": 1}, "median of 1 lesions"),
        ({"size": (64, 64, 20)}, "holds no chest"),
        ({"spacing": (1.6, 0.0, 3.75)}, "above zero"),
        ({"weibull_shape": -1.0}, "above zero"),
    ],
    ids=[
        "no patient",
        "negative seed",
        "too many lesions",
        "too few lesions",
        "small field of view",
        "no spacing",
        "negative shape",
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(wrong: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LesionPhantomOptions(**wrong)
