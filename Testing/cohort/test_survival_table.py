import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines.datasets import load_lung
from sksurv.datasets import load_gbsg2, load_veterans_lung_cancer

from prognosis.cohort.columns import CategoryColumn, NumberColumn
from prognosis.cohort.survival_table import read_survival_table
from prognosis.errors import InputError, UsageError


def some_patients(n=12, **columns):
    """A sound table of n patients; columns replace or add to it, None takes one away."""
    base = {
        "patient_id": [f"p{number}" for number in range(n)],
        "time_days": [100 + 3 * number * number for number in range(n)],
        "event": [number % 2 for number in range(n)],
        "age": [50 + number * number % 23 for number in range(n)],
    }
    return {name: cells for name, cells in {**base, **columns}.items() if cells is not None}


@pytest.fixture
def save(tmp_path):
    def save(columns):
        path = tmp_path / "table.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return path

    return save


@pytest.fixture
def read(save):
    def read(columns, **options):
        return read_survival_table(save(columns), **options)

    return read


def with_cell(column, value, at=1):
    cells = [*some_patients()[column]]
    cells[at] = value
    return {column: cells}


def test_numbers_and_categories_are_told_apart_in_the_tables_order(read):
    sex = ["male", "female"] * 6
    table = read(some_patients(sex=sex, dose=[f"{n / 4}e1" for n in range(12)]))
    assert [type(column) for column in table.columns] == [NumberColumn, CategoryColumn, NumberColumn]
    age, sexes, dose = table.columns
    assert age.values.tolist() == some_patients()["age"]
    assert sexes.values.tolist() == sex
    assert dose.values.tolist() == [n * 2.5 for n in range(12)]
    assert table.rows.tolist() == list(range(2, 14))
    assert table.event.tolist() == [bool(n % 2) for n in range(12)]
    assert table.split is None
    assert set(table.group.tolist()) == {""}


@pytest.mark.parametrize("empty", ["", "NA", "NaN", "nan", ".", "?", " NA "])
def test_missing_values_are_empty_and_counted(read, empty):
    table = read(some_patients(**with_cell("age", empty), sex=["m", empty] + ["f", "m"] * 5))
    age, sex = table.columns
    assert np.flatnonzero(np.isnan(age.values)).tolist() == [1]
    assert sex.values[1] == ""
    assert any(note.startswith("Column age: 1 of 12 cells are empty") for note in table.notes)
    assert any(note.startswith("Column sex: 1 of 12 cells are empty") for note in table.notes)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (with_cell("time_days", "NaN"), "row 3, column time_days: time is missing, got 'NaN'"),
        (with_cell("time_days", -4), "row 3, column time_days: time must be above zero, got -4"),
        (with_cell("time_days", 0), "row 3, column time_days: .*got 0.*--zero-times keep"),
        (with_cell("event", 2), "row 3, column event: event must be 0 or 1, got '2'"),
        (with_cell("event", "NA"), "row 3, column event: event must be 0 or 1, got 'NA'"),
        (with_cell("age", "old"), "row 3, column age: 'old' is no number; if .* --categorical age"),
        (with_cell("age", "61,5"), r"row 3, column age: '61,5' is no number \(with a decimal comma\)"),
        (with_cell("age", "inf"), "row 3, column age: 'inf' is infinite"),
        (with_cell("age", "-Infinity"), "row 3, column age: '-Infinity' is infinite"),
        (with_cell("age", "1e999"), "row 3, column age: '1e999' is infinite"),
        (with_cell("patient_id", "p0"), "rows 2 and 3 are of one patient: average annotations"),
        (with_cell("patient_id", "P0"), "rows 2 and 3 have patient ids that differ in case only"),
        (with_cell("patient_id", ""), "row 3, column patient_id: it is empty"),
        ({"event": [0] * 12}, r"no patient has an event \(all are censored\)"),
        ({"event": [1] + [0] * 11}, "a single patient has an event"),
        ({"age": None}, "it has no covariate"),
        ({"note": [f"seen by {n}" for n in range(12)]}, "column note holds 12 different texts.*--ignore note"),
        ({"split": ["train"] * 11 + ["valid"]}, "row 13, column split: split must be train or test, got 'valid'"),
        ({"split": ["train"] * 12}, "column split has no test patient"),
        ({"time_months": [1] * 12}, "exactly one of the columns time_days and time_months"),
        ({"Split": ["train", "test"] * 6}, "column Split is nearly split"),
        ({"Time Months": [1] * 12}, "column Time Months is nearly time_months"),
        (
            {"image_date": ["2020-01-01"] * 12, "age_date": ["2019-12-31"] * 11 + ["2020-01-02"]},
            "row 13, column age_date: age is of 2020-01-02, after the image of 2020-01-01",
        ),
    ],
    ids=[
        "time NaN",
        "time negative",
        "time zero",
        "event 2",
        "event NA",
        "text among numbers",
        "decimal comma",
        "infinite",
        "minus infinite",
        "too large a number",
        "duplicate patient",
        "ids differ in case",
        "no id",
        "all censored",
        "a single event",
        "no covariate",
        "free text",
        "third split",
        "one-sided split",
        "days and months",
        "split in another case",
        "time in other letters",
        "covariate after the image",
    ],
)
def test_what_cannot_be_used_is_refused_by_name(read, changed, message):
    with pytest.raises(InputError, match=message):
        read(some_patients(**changed))


def test_all_faults_are_told_at_once_in_order_of_rows(read):
    columns = some_patients(**with_cell("event", 7, at=5), **with_cell("age", "old", at=2))
    with pytest.raises(InputError, match="row 4, column age.*row 7, column event"):
        read(columns)


def test_free_text_passes_when_ignored(read):
    table = read(some_patients(note=[f"seen by {n}" for n in range(12)]), ignore=("note",))
    assert [column.name for column in table.columns] == ["age"]
    assert "Ignored as asked: note." in table.notes


def test_many_levels_pass_when_they_repeat(read):
    centre = [f"c{n % 40}" for n in range(200)]
    (_, column) = read(some_patients(200, centre=centre)).columns
    assert len(set(column.values)) == 40
    with pytest.raises(InputError, match="column centre holds 160 different texts"):
        read(some_patients(200, centre=[f"c{n % 160}" for n in range(200)]))


def test_numbers_are_categories_when_asked(read):
    stage = ["1", "2", "3", "4a"] * 3
    with pytest.raises(InputError, match="'4a' is no number; if the column is of categories, add --categorical stage"):
        read(some_patients(stage=stage))
    column = read(some_patients(stage=stage), categorical=("stage",)).columns[1]
    assert isinstance(column, CategoryColumn)
    assert column.values.tolist() == stage


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore": ("ages",)}, "no column ages.*It has: patient_id, time_days, event, age"),
        ({"categorical": ("sex",)}, "no column sex"),
        ({"ignore": ("event",)}, "Column event cannot be ignored"),
        ({"categorical": ("event",)}, "Column event is no covariate"),
        ({"categorical": ("age",), "ignore": ("age",)}, "Column age is no covariate"),
    ],
)
def test_columns_named_in_vain_are_wrong_use(read, options, message):
    with pytest.raises(UsageError, match=message):
        read(some_patients(), **options)


def test_columns_of_the_contract_are_no_covariates_and_are_named(read):
    table = read(
        some_patients(
            group=["a", "b"] * 6,
            site=["x"] * 12,
            image=["ct.nrrd"] * 12,
            image_date=["2020-01-01"] * 12,
            age_date=["2020-01-01"] * 12,
            series=["1.2"] * 12,
            annotation_id=["r1"] * 12,
        )
    )
    assert [column.name for column in table.columns] == ["age"]
    assert table.group.tolist() == ["a", "b"] * 6
    assert "Column group is used to match folds, not as a covariate." in table.notes
    assert "Not taken as covariates: site, image, image_date, age_date, series." in table.notes


def test_an_ignored_covariate_takes_its_date_along(read):
    columns = some_patients(cea=[3] * 12, cea_date=["2021-01-01"] * 12, image_date=["2020-01-01"] * 12)
    assert [column.name for column in read(columns, ignore=("cea",)).columns] == ["age"]


def test_a_split_is_used_unless_ignored(read):
    columns = some_patients(split=["train", "train", "test"] * 4)
    assert read(columns).split.tolist() == ["train", "train", "test"] * 4
    assert read(columns, ignore=("split",)).split is None


def test_zero_times_are_kept_when_asked_and_recorded(read):
    table = read(some_patients(**with_cell("time_days", 0)), zero_times="keep")
    assert table.time_days[1] == 0
    assert any("1 row(s) with a time of zero are kept" in note for note in table.notes)


@pytest.mark.parametrize(("events", "warned"), [(9, True), (10, False)])
def test_few_events_warn_with_their_number(read, events, warned):
    notes = read(some_patients(40, event=[1] * events + [0] * (40 - events))).notes
    assert (f"Only {events} patient(s) with an event: estimates will be very uncertain." in notes) is warned


def test_odd_categories_are_pointed_out(read):
    notes = " ".join(
        read(some_patients(sex=["male", "Male", "female"] * 4, stage=["II", "III"] * 5 + ["II", "IV"])).notes
    )
    assert "differ in case only are taken as different: 'male', 'Male'" in notes
    assert "Column stage: a single patient has category 'IV'" in notes


def test_an_empty_column_is_left_out_and_said(read):
    table = read(some_patients(ki67=["NA", ""] * 6))
    assert [column.name for column in table.columns] == ["age"]
    assert "Column ki67 is empty and left out." in table.notes


def test_neither_notes_nor_errors_name_a_patient(read):
    columns = some_patients(patient_id=[f"DOE^JANE{n}" for n in range(12)], sex=["m", "M"] * 6, site=["x"] * 12)
    assert "DOE" not in " ".join(read(columns).notes)
    with pytest.raises(InputError) as raised:
        read({**columns, "patient_id": ["DOE^JANE"] * 12, "event": [5] * 12})
    assert "DOE" not in str(raised.value)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=12, max_size=12, unique=True))
def test_numbers_come_back_as_they_were_written(save, values):
    (column,) = read_survival_table(save(some_patients(age=None, marker=values))).columns
    np.testing.assert_array_equal(column.values, values)


def veterans():
    x, y = load_veterans_lung_cancer()
    x = x.assign(Status=y["Status"], Survival_in_days=y["Survival_in_days"])
    return x.rename(columns={"Status": "event", "Survival_in_days": "time_days"}), {}


def breast():
    x, y = load_gbsg2()
    return x.assign(cens=y["cens"], time=y["time"]).rename(columns={"cens": "event", "time": "time_days"}), {}


def lung():
    return load_lung().rename(columns={"status": "event", "time": "time_days", "inst": "site"}), {"meal.cal": 47}


@pytest.mark.parametrize(
    ("load", "patients", "events", "categories"),
    [
        (veterans, 137, 128, {"Celltype": 4, "Prior_therapy": 2, "Treatment": 2}),
        (breast, 686, 299, {"horTh": 2, "menostat": 2, "tgrade": 3}),
        (lung, 228, 165, {}),
    ],
    ids=["veterans", "gbsg2", "ncctg-lung"],
)
def test_published_tables_are_read_after_renaming_columns(tmp_path, load, patients, events, categories):
    frame, empty = load()
    frame.to_csv(tmp_path / "table.csv", index_label="patient_id")
    table = read_survival_table(tmp_path / "table.csv")
    assert (len(table.event), int(table.event.sum())) == (patients, events)
    np.testing.assert_allclose(table.time_days, frame["time_days"])
    found = {c.name: len(set(c.values)) for c in table.columns if isinstance(c, CategoryColumn)}
    assert found == categories
    for column in table.columns:
        if isinstance(column, NumberColumn):
            np.testing.assert_allclose(column.values, frame[column.name])
        else:
            assert column.values.tolist() == frame[column.name].astype(str).tolist()
    for name, count in empty.items():
        assert f"Column {name}: {count} of {patients} cells are empty." in table.notes


def forty_patients(**more):
    generator = np.random.default_rng(1)
    days = generator.permutation(40) * 20 + 15
    return {"patient_id": [f"q{n}" for n in range(40)], "time_days": days, "event": [0, 1] * 20, **more}


@pytest.mark.parametrize(
    ("copied", "message"),
    [
        (lambda table: table["time_days"] / 30.4375, "column copy is the follow-up itself"),
        (lambda table: 1 / table["time_days"], "column copy is the follow-up itself"),
        (lambda table: table["event"], "column copy is the event itself"),
        (lambda table: ["dead" if event else "alive" for event in table["event"]], "column copy is the event itself"),
    ],
    ids=["months", "one over time", "event", "event in words"],
)
def test_the_outcome_is_no_covariate(read, copied, message):
    table = forty_patients()
    with pytest.raises(InputError, match=message):
        read({**table, "copy": copied(table)})


def test_what_only_resembles_the_outcome_is_a_covariate(read):
    table = forty_patients()
    nearly = [1 - table["event"][0], *table["event"][1:]]
    noisy = table["time_days"] + np.random.default_rng(2).normal(0, 60, 40)
    assert len(read({**table, "response": nearly, "biomarker": noisy}).columns) == 2
