import json
from pathlib import Path

import numpy as np
import pytest

from prognosis.cohort.columns import CategoryColumn, NumberColumn
from prognosis.errors import InputError, ModelError
from prognosis.survival.models.encoding import Encoder

AGE = NumberColumn("age", np.array([50.0, 60.0, np.nan, 70.0, 90.0]))
SEX = CategoryColumn("sex", np.array(["male", "female", "male", "", "female"]))
STAGE = CategoryColumn("stage", np.array(["II", "I", "III", "II", "IV"]))
EVERYBODY = np.arange(5)
FIRST_FOUR = np.arange(4)


def test_numbers_are_standardised_and_words_counted_against_the_commonest():
    encoder = Encoder.fit([SEX, AGE, STAGE], FIRST_FOUR)
    assert encoder.names == ("age", "sex = female", "stage = I", "stage = III")
    filled = np.array([50.0, 60.0, 60.0, 70.0])
    expected = np.column_stack(
        [(filled - 60) / filled.std(), [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
    )
    assert encoder.encode([SEX, AGE, STAGE], FIRST_FOUR) == pytest.approx(expected)


def test_what_was_filled_is_said_with_counts():
    notes = Encoder.fit([AGE, SEX], EVERYBODY).notes
    assert "'age': 1 of 5 training patients have no value, for which their median 65 stands" in notes
    assert "'sex': 1 of 5 training patients have no value, for which the commonest, 'female', stands" in notes


def test_patients_outside_the_training_rows_teach_nothing():
    rows = np.array([0, 1, 3])
    wild = NumberColumn("age", np.array([50.0, 60.0, -1e6, 70.0, np.nan]))
    for column in (AGE, wild):
        encoder = Encoder.fit([column, SEX], rows)
        assert encoder == Encoder.fit([AGE, SEX], rows)
    assert Encoder.fit([AGE], rows).encode([wild], np.array([4])) == pytest.approx(0.0)


def test_the_order_of_training_rows_changes_nothing():
    assert Encoder.fit([AGE, SEX, STAGE], EVERYBODY) == Encoder.fit([AGE, SEX, STAGE], EVERYBODY[::-1])


@pytest.mark.parametrize(
    ("column", "said"),
    [
        pytest.param(NumberColumn("dose", np.full(5, 2.5)), "it is 2.5 for all", id="constant number"),
        pytest.param(NumberColumn("dose", np.array([1, 1, np.nan, 1, 1])), "it is 1 for all", id="constant but empty"),
        pytest.param(NumberColumn("dose", np.full(5, np.nan)), "no training patient has a value", id="empty number"),
        pytest.param(CategoryColumn("dose", np.array(["a", "", "a", "a", "a"])), "it is 'a' for all", id="one word"),
        pytest.param(CategoryColumn("dose", np.full(5, "")), "no training patient has a value", id="empty words"),
    ],
)
def test_a_column_that_tells_nobody_apart_is_left_out_and_said(column, said):
    encoder = Encoder.fit([AGE, column], EVERYBODY)
    assert encoder.names == ("age",)
    assert any(note.startswith("'dose' is left out") and said in note for note in encoder.notes)
    with pytest.raises(InputError, match="No covariate can be used: 'dose' is left out"):
        Encoder.fit([column], EVERYBODY)


def test_a_column_that_repeats_another_is_said():
    twin = NumberColumn("age again", AGE.values.copy())
    encoder = Encoder.fit([AGE, twin], EVERYBODY)
    assert "'age again' says the same as 'age' for all training patients; they share one effect" in encoder.notes


def test_a_category_nobody_trained_with_is_refused_by_name():
    encoder = Encoder.fit([STAGE], FIRST_FOUR)
    with pytest.raises(InputError, match=r"Column 'stage' holds 'IV', which no patient had .* \(I, II, III\)"):
        encoder.encode([STAGE], EVERYBODY)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        pytest.param([SEX], "There is no column 'age'", id="missing"),
        pytest.param([SEX, CategoryColumn("age", np.full(5, "old"))], "'age' holds words", id="words for numbers"),
        pytest.param([AGE, NumberColumn("sex", np.zeros(5))], "'sex' holds numbers", id="numbers for words"),
        pytest.param([SEX, NumberColumn("age", np.full(5, np.inf))], "'age' holds an infinite number", id="infinite"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, said):
    with pytest.raises(InputError, match=said):
        Encoder.fit([AGE, SEX], EVERYBODY).encode(columns, EVERYBODY)


def test_an_infinite_number_teaches_nothing():
    with pytest.raises(InputError, match="Column 'dose' holds an infinite number"):
        Encoder.fit([NumberColumn("dose", np.array([1.0, np.inf]))], np.arange(2))


def test_an_encoder_survives_json():
    encoder = Encoder.fit([AGE, SEX, STAGE], EVERYBODY)
    plain = json.loads(json.dumps(encoder.as_plain()))
    assert Encoder.from_plain(plain, Path("model.json")) == encoder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda plain: plain["numbers"][0].update(sd=0.0), "must be above zero", id="no spread"),
        pytest.param(lambda plain: plain["numbers"][0].pop("mean"), "mean' is missing", id="missing key"),
        pytest.param(lambda plain: plain.update(notes=[1]), "should be a text", id="wrong type"),
    ],
)
def test_a_damaged_encoder_is_refused(change, said):
    plain = json.loads(json.dumps(Encoder.fit([AGE, SEX], EVERYBODY).as_plain()))
    change(plain)
    with pytest.raises(ModelError, match=said):
        Encoder.from_plain(plain, Path("model.json"))
