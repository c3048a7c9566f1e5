"""Features beside outcomes."""

from pathlib import Path

import numpy as np
import pytest

from prognosis.biomarkers.endpoints import PAPER_ENDPOINTS, endpoint
from prognosis.biomarkers.selection.labels import DISEASE, UNKNOWN_CAUSE, join_outcomes, label_endpoint, label_endpoints
from prognosis.cohort.table import CohortRow
from prognosis.errors import InputError
from prognosis.survival.metrics.censoring import Censoring

TABLE = Path("cohort.csv")
YEAR = 365.25


def cohort_row(number, patient, days, event, cause="", annotation=""):
    return CohortRow(number, patient, annotation, days, bool(event), "", {}, cause=cause)


def joined(rows, features=None, **options):
    """Outcomes of rows whose features stand in the cohort's order, or in a given one."""
    keys = features or [(row.patient_id, row.annotation_id) for row in rows]
    return join_outcomes(*zip(*keys, strict=True), rows, table=TABLE, **options)


FOUR = [
    cohort_row(2, "a", 1.5 * YEAR, 1, "1"),
    cohort_row(3, "b", 3 * YEAR, 0),
    cohort_row(4, "c", 1 * YEAR, 0),
    cohort_row(5, "d", 1 * YEAR, 1, "2"),
]


def test_rows_are_found_by_patient_and_annotation_whatever_their_order():
    rows = [
        cohort_row(2, "a", 100, 1, annotation="x"),
        cohort_row(3, "a", 100, 1, annotation="y"),
        cohort_row(4, "b", 200, 0),
    ]
    outcomes = joined(rows, [("b", ""), ("a", "y"), ("a", "x")])
    assert outcomes.rows.tolist() == [0, 1, 2]
    assert outcomes.data.time_days.tolist() == [200, 100, 100]
    assert outcomes.data.patient.tolist() == [0, 1, 1]
    assert outcomes.data.weight.tolist() == [1, 0.5, 0.5]
    assert outcomes.data.patients == 2
    assert outcomes.notes == ()


def test_patients_without_a_row_in_the_cohort_are_left_out_and_said():
    outcomes = joined(FOUR, [("stranger", ""), *((row.patient_id, "") for row in FOUR)])
    assert outcomes.rows.tolist() == [1, 2, 3, 4]
    assert outcomes.notes == ("1 row(s) of features have no row in the cohort table and are left out.",)


@pytest.mark.parametrize(
    ("rows", "keys", "said"),
    [
        (FOUR, [("a", ""), ("c", "")], r"row 3 has no features: .*; row 5 has no features"),
        ([cohort_row(7, "a", np.nan, 0)], [("a", "")], "row 7 has no time and event"),
        (FOUR[:1], [("a", ""), ("a", "")], "entries 1 and 2 of the features are the same patient and annotation"),
        ([], [("a", "")], "it has no rows"),
    ],
    ids=["no features", "no outcome", "twice", "empty"],
)
def test_what_does_not_fit_is_refused_by_row_and_never_by_name(rows, keys, said):
    with pytest.raises(InputError, match=said) as refused:
        joined(rows, keys)
    assert "'a'" not in str(refused.value)


def test_labels_at_two_years():
    known = label_endpoint(joined(FOUR).data, endpoint("os2"))
    assert known.label.tolist() == [True, False, False, True]
    assert known.complete.tolist() == [True, True, False, True]
    assert (known.events, known.event_free, known.censored, known.other_cause) == (2, 1, 1, 0)


def test_another_cause_of_death_is_left_out_of_a_disease_specific_endpoint():
    known = label_endpoint(joined(FOUR).data, endpoint("dss2"))
    assert known.label.tolist() == [True, False, False, False]
    assert known.complete.tolist() == [True, True, False, False]
    assert (known.events, known.event_free, known.censored, known.other_cause) == (1, 1, 1, 1)
    assert known.weight[3] > 0


def test_a_death_of_no_known_cause_has_no_weight_and_is_said():
    rows = [*FOUR, cohort_row(6, "e", 0.5 * YEAR, 1)]
    outcomes = joined(rows)
    assert outcomes.data.cause[4] == UNKNOWN_CAUSE
    assert "1 row(s) with an event have no cause" in outcomes.notes[0]
    known = label_endpoint(outcomes.data, endpoint("dss2"))
    assert not known.complete[4]
    assert known.weight[4] == 0
    assert label_endpoint(outcomes.data, endpoint("os2")).complete[4]


def test_counts_and_censoring_are_of_patients_not_of_annotations():
    twice = [
        *FOUR[:2],
        cohort_row(4, "c", 1 * YEAR, 0, annotation="x"),
        cohort_row(5, "c", 1 * YEAR, 0, annotation="y"),
        cohort_row(6, "e", 2.5 * YEAR, 0),
    ]
    once = [*twice[:2], twice[2], twice[4]]
    known, single = (label_endpoint(joined(rows).data, endpoint("os2")) for rows in (twice, once))
    assert (known.events, known.event_free, known.censored) == (single.events, single.event_free, single.censored)
    assert known.weight.tolist() == [*single.weight[:3], single.weight[2], single.weight[3]]


def test_censoring_may_come_from_training_patients():
    data = joined(FOUR).data
    given = label_endpoint(data, endpoint("os2"), Censoring.fit([100, 3 * YEAR, 3 * YEAR], [0, 0, 0]))
    np.testing.assert_allclose(given.weight[0], 1.5)


@pytest.mark.parametrize("text", ["1", "disease", "Disease"])
def test_cause_1_and_the_word_disease_mean_the_disease(text):
    assert joined([cohort_row(2, "a", 9, 1, text)]).data.cause.tolist() == [DISEASE]


def test_another_text_may_mean_the_disease():
    rows = [cohort_row(2, "a", 9, 1, "lung"), cohort_row(3, "b", 9, 1, "heart")]
    data = joined(rows, disease_cause="Lung").data
    assert (data.cause == DISEASE).tolist() == [True, False]
    assert "'heart', 'lung'" in joined(rows).data.cause_missing


def cohort_of(events, event_free, cause=""):
    early = [cohort_row(2 + n, f"e{n}", 100 + n, 1, cause) for n in range(events)]
    return early + [cohort_row(90 + n, f"f{n}", 6 * YEAR, 0) for n in range(event_free)]


@pytest.mark.parametrize(
    ("rows", "key", "why"),
    [
        (cohort_of(4, 9), "os2", "4 patient(s) with the event and 9 without; at least 5 of each are needed"),
        (cohort_of(9, 4), "os2", "9 patient(s) with the event and 4 without; at least 5 of each are needed"),
        (cohort_of(9, 9), "dss2", "the cohort table tells no cause of death (column cause)"),
        ([cohort_row(2, "a", 30, 1), cohort_row(3, "b", 60, 0)], "os5", "nobody was followed to the horizon"),
    ],
    ids=["few deaths", "few survivors", "no cause", "short follow-up"],
)
def test_an_endpoint_that_cannot_be_had_is_left_out_and_said_why(rows, key, why):
    labels, left_out = label_endpoints(joined(rows).data, PAPER_ENDPOINTS, least_patients=5)
    assert left_out[key] == why
    assert key not in labels


def test_all_four_endpoints_can_be_had():
    labels, left_out = label_endpoints(joined(cohort_of(6, 7, "1")).data, PAPER_ENDPOINTS, least_patients=5)
    assert list(labels) == ["os2", "os5", "dss2", "dss5"]
    assert not left_out


def test_a_disease_specific_label_without_causes_is_refused():
    with pytest.raises(ValueError, match="no cause of death"):
        label_endpoint(joined(cohort_of(6, 7)).data, endpoint("dss2"))


def test_a_subset_numbers_its_patients_anew():
    data = joined(FOUR).data.subset([3, 1])
    assert data.patient.tolist() == [1, 0]
    assert data.cause.tolist() == [2, 0]
    assert data.subset(data.event).time_days.tolist() == [YEAR]
