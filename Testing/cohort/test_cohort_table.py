import math
from datetime import date

import pytest

from prognosis.cohort import csv_table
from prognosis.cohort.table import read_cohort
from prognosis.errors import InputError
from prognosis.files import write_csv


def read(table, **options):
    return read_cohort(table, file_columns=("image", "lesions"), **options)


def notes_of(table, **options):
    notes = []
    read(table, tell=notes.append, **options)
    return " ".join(notes)


def test_a_table_is_read_with_paths_relative_to_it(write, tmp_path):
    first, second = read(write("p1,a,100,1,ct.nrrd,s.nrrd,x", "p1,b,100,1,ct.nrrd,s.nrrd,x"))
    assert (first.patient_id, first.annotation_id, first.time_days, first.event, first.group) == (
        "p1",
        "a",
        100.0,
        True,
        "x",
    )
    assert first.files == {"image": tmp_path / "ct.nrrd", "lesions": tmp_path / "s.nrrd"}
    assert second.number == 3


def test_months_become_days(write):
    table = write("p1,12,1,ct.nrrd,s.nrrd", header="patient_id,time_months,event,image,lesions")
    assert read(table)[0].time_days == pytest.approx(365.25)


def test_optional_columns_are_read_where_they_are_filled(write, tmp_path):
    header = "patient_id,time_days,event,image,series,lesions,organs,cause,site,image_date,age"
    one, two = read(
        write(
            "p1,100,1,ct.nrrd,1.2.3,s.nrrd,s.nrrd,cancer,Lyon,2020-01-31,61",
            "p2,50,0,ct.nrrd,1.2.4,s.nrrd,,0,Bern,2021-02-28T10:30:00,",
            header=header,
        ),
        optional_file_columns=("organs",),
    )
    assert one.files["organs"] == tmp_path / "s.nrrd"
    assert "organs" not in two.files
    assert one.series == {"image": "1.2.3"}
    assert (one.cause, two.cause, one.site) == ("cancer", "", "Lyon")
    assert (one.image_date, two.image_date) == (date(2020, 1, 31), date(2021, 2, 28))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (",a,100,1,ct.nrrd,s.nrrd,", "row 2, column patient_id: it is empty"),
        ("p,a,nan,1,ct.nrrd,s.nrrd,", "row 2, column time_days: time is missing, got 'nan'"),
        ("p,a,,1,ct.nrrd,s.nrrd,", "row 2, column time_days: it is empty"),
        ("p,a,-3,1,ct.nrrd,s.nrrd,", "column time_days.*got -3"),
        ("p,a,0,1,ct.nrrd,s.nrrd,", "column time_days.*got 0.*--zero-times keep"),
        ("p,a,inf,1,ct.nrrd,s.nrrd,", "column time_days: 'inf' is infinite"),
        ("p,a,soon,1,ct.nrrd,s.nrrd,", "'soon' is no number"),
        ('p,a,"12,5",1,ct.nrrd,s.nrrd,', r"'12,5' is no number \(with a decimal comma\)"),
        ("p,a,1_000,1,ct.nrrd,s.nrrd,", "'1_000' is no number"),
        ("p,a,100,2,ct.nrrd,s.nrrd,", "column event: event must be 0 or 1, got '2'"),
        ("p,a,100,,ct.nrrd,s.nrrd,", "column event: it is empty"),
        ("p,a,100,1,no.nrrd,s.nrrd,", r"column image: there is no file .*no\.nrrd"),
        ("p,a,100,1,,s.nrrd,", "column image: it is empty"),
        ("p,a,100,1,ct.nrrd,s.nrrd,x,y", "row 2 has more cells"),
        ("p,a,100,1,ct.nrrd", r"row 2 has fewer cells than the header \(5, not 7\)"),
        (f"p,a,100,1,{'x' * 300},s.nrrd,", "row 2, column image: no path"),
    ],
    ids=[
        "no id",
        "nan",
        "empty time",
        "negative",
        "zero",
        "infinite",
        "text",
        "decimal comma",
        "underscore",
        "event 2",
        "empty event",
        "no such file",
        "empty path",
        "more cells",
        "fewer cells",
        "path too long",
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(write, line, message):
    with pytest.raises(InputError, match=message):
        read(write(line))


@pytest.mark.parametrize("event", ["1", "1.0", "True", "TRUE"])
def test_events_are_read_as_programs_write_them(write, event):
    assert read(write(f"p,a,5,{event},ct.nrrd,s.nrrd,"))[0].event is True


def test_all_bad_rows_are_listed(write):
    with pytest.raises(InputError, match="row 2.*row 4"):
        read(write("p1,a,x,1,ct.nrrd,s.nrrd,", "p2,a,5,1,ct.nrrd,s.nrrd,", "p3,a,5,7,ct.nrrd,s.nrrd,"))


def test_twenty_faults_are_listed_and_the_others_counted(write):
    with pytest.raises(InputError, match=r"row 21, column event.*\(and 3 more\)") as raised:
        read(write(*(f"p{n},a,5,7,ct.nrrd,s.nrrd," for n in range(23))))
    assert "row 22" not in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("p1,a,10,1,ct.nrrd,s.nrrd,", "p1,b,11,1,ct.nrrd,s.nrrd,"), "rows 2 and 3 are of one patient.*on time"),
        (("p1,a,10,1,ct.nrrd,s.nrrd,", "p1,b,10,0,ct.nrrd,s.nrrd,"), "rows 2 and 3 are of one patient.*on event"),
        (("p1,a,10,1,ct.nrrd,s.nrrd,x", "p1,b,10,1,ct.nrrd,s.nrrd,y"), "rows 2 and 3 are of one patient.*on group"),
        (("p1,a,10,1,ct.nrrd,s.nrrd,", "p1,a,10,1,ct.nrrd,s.nrrd,"), "rows 2 and 3 are the same patient and annot"),
        (("p1,a,10,1,ct.nrrd,s.nrrd,", "p2,a,10,1,./ct.nrrd,s.nrrd,"), "rows 2 and 3 have one image under two pati"),
        (("p1,a,10,1,ct.nrrd,s.nrrd,", "P1,a,10,1,s.nrrd,s.nrrd,"), "rows 2 and 3 have patient ids that differ in"),
    ],
    ids=["time", "event", "group", "same annotation", "one image of two patients", "ids differ in case"],
)
def test_rows_that_contradict_each_other_are_both_named(write, lines, message):
    with pytest.raises(InputError, match=message):
        read(write(*lines))


def test_annotations_of_one_patient_must_agree_on_cause_and_date_of_the_image(write):
    header = "patient_id,annotation_id,time_days,event,cause,image_date,image,lesions"
    lines = "p1,a,10,1,cancer,2020-01-01,ct.nrrd,s.nrrd", "p1,b,10,1,stroke,2020-01-02,ct.nrrd,s.nrrd"
    with pytest.raises(InputError, match="rows 2 and 3 are of one patient and disagree on cause and image_date"):
        read(write(*lines, header=header))


@pytest.mark.parametrize(
    ("event", "cause", "message"),
    [
        ("0", "cancer", "a cause 'cancer' is given, but the event was not seen"),
        ("1", "0", "the event was seen, but its cause is 0"),
    ],
)
def test_a_cause_must_fit_the_event(write, event, cause, message):
    table = write(f"p,5,{event},{cause},ct.nrrd,s.nrrd", header="patient_id,time_days,event,cause,image,lesions")
    with pytest.raises(InputError, match=f"row 2, column cause: {message}"):
        read(table)


def test_events_without_a_cause_are_counted(write):
    header = "patient_id,time_days,event,cause,image,lesions"
    assert "1 event(s) have no cause" in notes_of(write("p,500,1,,ct.nrrd,s.nrrd", header=header))


def test_missing_columns_are_named_with_those_there_are(write):
    with pytest.raises(InputError, match="no column lesions.*It has: patient_id"):
        read(write("p,1,1,ct.nrrd", header="patient_id,time_days,event,image"))


@pytest.mark.parametrize("times", ["", "time_days,time_months,"], ids=["none", "both"])
def test_the_unit_of_times_is_declared_once(write, times):
    with pytest.raises(InputError, match="exactly one of the columns time_days and time_months"):
        read(write("p,1,1,1,ct.nrrd,s.nrrd", header=f"patient_id,{times}event,image,lesions"))


@pytest.mark.parametrize(
    ("column", "times", "warned"),
    [
        ("time_days", (12, 60, 240), "if they are months, name the column time_months"),
        ("time_days", (12, 60, 241), ""),
        ("time_months", (12, 60, 601), "if they are days, name the column time_days"),
        ("time_months", (12, 60, 240), ""),
    ],
    ids=["days like months", "days", "months like days", "months"],
)
def test_implausible_times_warn(write, tmp_path, column, times, warned):
    lines = []
    for time in times:
        (tmp_path / f"{time}.nrrd").touch()
        lines.append(f"p{time},{time},1,{time}.nrrd,s.nrrd")
    notes = notes_of(write(*lines, header=f"patient_id,{column},event,image,lesions"))
    assert warned in notes
    assert bool(warned) == ("name the column" in notes)


def test_times_of_zero_are_kept_when_asked_and_counted(write):
    table = write("p,a,0,1,ct.nrrd,s.nrrd,")
    assert read(table, zero_times="keep")[0].time_days == 0
    assert "1 row(s) with a time of zero are kept" in notes_of(table, zero_times="keep")
    with pytest.raises(InputError, match="got -1"):
        read(write("p,a,-1,1,ct.nrrd,s.nrrd,"), zero_times="keep")


def test_a_cohort_without_events_is_refused_and_one_of_few_warns(write):
    with pytest.raises(InputError, match=r"no patient has an event \(all are censored\)"):
        read(write("p1,a,10,0,ct.nrrd,s.nrrd,"))
    annotated_twice = "p1,a,500,1,ct.nrrd,s.nrrd,", "p1,b,500,1,ct.nrrd,s.nrrd,"
    assert "Only 1 patient(s) with an event" in notes_of(write(*annotated_twice))


def test_an_empty_table_is_refused(write):
    with pytest.raises(InputError, match="no rows"):
        read(write())


class TestWithoutOutcome:
    def test_columns_of_the_outcome_may_be_missing_or_empty(self, write):
        (row,) = read(write("p,ct.nrrd,s.nrrd", header="patient_id,image,lesions"), outcome_required=False)
        assert not row.has_outcome
        (row,) = read(write("p,a,,,ct.nrrd,s.nrrd,"), outcome_required=False)
        assert (math.isnan(row.time_days), row.event) == (True, False)

    def test_an_outcome_that_is_given_is_read(self, write):
        (row,) = read(write("p,a,7,1,ct.nrrd,s.nrrd,"), outcome_required=False)
        assert (row.has_outcome, row.time_days, row.event) == (True, 7.0, True)
        with pytest.raises(InputError, match="row 2, column event"):
            read(write("p,a,7,9,ct.nrrd,s.nrrd,"), outcome_required=False)

    @pytest.mark.parametrize("outcome", ["NA,NA", "7,NA", "n/a,1", ".,"])
    def test_an_outcome_said_to_be_missing_is_missing(self, write, outcome):
        (row,) = read(write(f"p,a,{outcome},ct.nrrd,s.nrrd,"), outcome_required=False)
        assert not row.has_outcome
        with pytest.raises(InputError, match="row 2"):
            read(write(f"p,a,{outcome},ct.nrrd,s.nrrd,"), outcome_required=True)

    def test_a_time_of_zero_is_no_fault_where_none_is_needed(self, write):
        (row,) = read(write("p,a,0,1,ct.nrrd,s.nrrd,"), outcome_required=False)
        assert row.time_days == 0
        with pytest.raises(InputError, match="above zero"):
            read(write("p,a,0,1,ct.nrrd,s.nrrd,"), outcome_required=True)

    def test_a_missing_file_is_left_to_its_case(self, write, tmp_path):
        rows = read(
            write("p1,a,,,ct.nrrd,s.nrrd,", "p2,a,,,gone.nrrd,s.nrrd,"), outcome_required=False, files_must_exist=False
        )
        assert rows[1].files["image"] == tmp_path / "gone.nrrd"
        with pytest.raises(InputError, match="row 2, column lesions: it is empty"):
            read(write("p1,a,,,ct.nrrd,,"), outcome_required=False, files_must_exist=False)


class TestDates:
    HEADER = "patient_id,time_days,event,image,lesions,image_date,cea,cea_date"

    @pytest.mark.parametrize(
        ("cells", "message"),
        [
            ("2020-01-31,5,2020-02-01", "row 2, column cea_date: cea is of 2020-02-01, after the image of 2020-01-31"),
            ("2020-01-31,5,01.02.2020", "row 2, column cea_date: '01.02.2020' is no date like 2024-03-31"),
            ("31/01/2020,5,2020-01-01", "row 2, column image_date: '31/01/2020' is no date"),
            (",5,2020-01-01", "row 2, column image_date: it is empty, so that cea_date cannot be compared"),
        ],
        ids=["after the image", "unreadable date", "unreadable date of image", "no date of image"],
    )
    def test_a_covariate_must_be_known_when_the_image_is_taken(self, write, cells, message):
        with pytest.raises(InputError, match=message):
            read(write(f"p,5,1,ct.nrrd,s.nrrd,{cells}", header=self.HEADER))

    @pytest.mark.parametrize("cells", ["2020-01-31,5,2020-01-31", "2020-01-31,NA,2021-01-01", ",5,"])
    def test_one_that_was_known_or_is_unknown_passes(self, write, cells):
        assert read(write(f"p,5,1,ct.nrrd,s.nrrd,{cells}", header=self.HEADER))

    def test_dated_covariates_need_a_date_of_the_image(self, write):
        header = self.HEADER.replace("image_date,", "")
        with pytest.raises(InputError, match="there is a column cea_date but no image_date"):
            read(write("p,5,1,ct.nrrd,s.nrrd,5,2020-01-01", header=header))

    def test_the_date_of_a_follow_up_image_is_no_covariate(self, write):
        header = "patient_id,time_days,event,image,lesions,image_date,followup_image,followup_image_date"
        assert read(write("p,5,1,ct.nrrd,s.nrrd,2020-01-01,ct.nrrd,2020-06-01", header=header))


class TestFilesThatAreNoTable:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("patient_id,event".encode("utf-16"), "is UTF-16 text.*Save it as 'CSV UTF-8"),
            (b"PK\x03\x04anything", "is an Excel workbook.*Save it as"),
            (b"patient_id,event\np\x00,1\n", "holds NUL bytes in line 2"),
            (b"patient_id,event\np,1\nM\xfcller,1\n", "is not in UTF-8: see line 3"),
            (b"patient_id;time_days;event\np;1,5;1\n", "is separated by semicolons, not commas"),
            (b"patient_id\ttime_days\tevent\np\t1\t1\n", "is separated by tabs"),
            (b"", "has no header line"),
            (b"patient_id,event,event\n", "names a column twice: event"),
            (b'patient_id,event\n"p,1\n', "is no comma-separated table.*quotation mark"),
            (b"patient_id,time_days,event,image,lesions,\np,1,1,ct.nrrd,s.nrrd,7\n", "column 6 has no name"),
        ],
        ids=[
            "UTF-16",
            "Excel workbook",
            "NUL bytes",
            "Latin-1",
            "semicolons",
            "tabs",
            "empty file",
            "column twice",
            "open quote",
            "nameless column",
        ],
    )
    def test_what_is_wrong_gets_a_clear_word(self, write, content, message):
        table = write()
        table.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read(table)

    def test_a_missing_table_and_a_folder_are_told_apart(self, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            read(tmp_path / "no.csv")
        with pytest.raises(InputError, match="is no file"):
            read(tmp_path)

    @pytest.mark.parametrize(
        ("limit", "message"),
        [("_MOST_BYTES", "a table of patients has at most"), ("_MOST_ROWS", "rows"), ("_MOST_COLUMNS", "7 columns")],
    )
    def test_a_table_beyond_all_measure_is_refused(self, write, monkeypatch, limit, message):
        monkeypatch.setattr(csv_table, limit, 1)
        with pytest.raises(InputError, match=message):
            read(write("p1,a,10,1,ct.nrrd,s.nrrd,", "p2,a,10,1,s.nrrd,s.nrrd,"))

    def test_excels_mark_line_ends_and_empty_rows_do_no_harm(self, write):
        table = write("p1,a,10,1,ct.nrrd,s.nrrd,", ",,,,,,", "", " p2 ,a,10,1,s.nrrd,s.nrrd,")
        table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
        assert [(row.number, row.patient_id) for row in read(table)] == [(2, "p1"), (5, "p2")]


@pytest.mark.parametrize("text", ["../x", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "-1+1", "@SUM(A1)"])
def test_hostile_cells_are_text_and_survive_being_written_for_spreadsheets(tmp_path, text):
    (tmp_path / "ct.nrrd").touch()
    table = tmp_path / "cohort.csv"
    write_csv(table, ("patient_id", "time_days", "event", "image", "group"), [(text, 500, 1, "ct.nrrd", text)])
    (row,) = read_cohort(table, file_columns=("image",))
    assert (row.patient_id, row.group) == (text, text)
    assert {path.name for path in tmp_path.iterdir()} == {"ct.nrrd", "cohort.csv"}
