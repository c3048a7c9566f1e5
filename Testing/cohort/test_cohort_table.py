import pytest

from prognosis.cohort.table import read_cohort
from prognosis.errors import InputError

HEADER = "patient_id,annotation_id,time_days,event,image,lesions,group\n"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "ct.nrrd").touch()
    (tmp_path / "s.nrrd").touch()

    def write(*lines, header=HEADER):
        table = tmp_path / "cohort.csv"
        table.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
        return table

    return write


def read(table):
    return read_cohort(table, file_columns=("image", "lesions"))


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
    table = write("p1,12,0,ct.nrrd,s.nrrd", header="patient_id,time_months,event,image,lesions\n")
    assert read(table)[0].time_days == pytest.approx(365.25)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (",a,100,1,ct.nrrd,s.nrrd,", "row 2, column patient_id: it is empty"),
        ("p,a,nan,1,ct.nrrd,s.nrrd,", "row 2, column time_days: time must be above zero, got nan"),
        ("p,a,-3,1,ct.nrrd,s.nrrd,", "column time_days.*got -3"),
        ("p,a,0,1,ct.nrrd,s.nrrd,", "column time_days.*got 0"),
        ("p,a,soon,1,ct.nrrd,s.nrrd,", "'soon' is no number"),
        ("p,a,100,2,ct.nrrd,s.nrrd,", "column event: event must be 0 or 1, got '2'"),
        ("p,a,100,1,no.nrrd,s.nrrd,", r"column image: there is no file .*no\.nrrd"),
        ("p,a,100,1,ct.nrrd,s.nrrd,x,y", "row 2 has more cells"),
    ],
    ids=["no id", "nan", "negative", "zero", "text", "event", "file", "cells"],
)
def test_a_bad_cell_is_named_by_row_and_column(write, line, message):
    with pytest.raises(InputError, match=message):
        read(write(line))


def test_all_bad_rows_are_listed(write):
    with pytest.raises(InputError, match="row 2.*row 4"):
        read(write("p1,a,x,1,ct.nrrd,s.nrrd,", "p2,a,5,1,ct.nrrd,s.nrrd,", "p3,a,5,7,ct.nrrd,s.nrrd,"))


def test_annotations_that_disagree_and_duplicates_are_named(write):
    with pytest.raises(InputError, match="rows 2 and 3 are of one patient and disagree"):
        read(write("p1,a,10,1,ct.nrrd,s.nrrd,", "p1,b,11,1,ct.nrrd,s.nrrd,"))
    with pytest.raises(InputError, match="rows 2 and 3 are the same patient and annotation"):
        read(write("p1,a,10,1,ct.nrrd,s.nrrd,", "p1,a,10,1,ct.nrrd,s.nrrd,"))


def test_missing_columns_are_named_with_those_there_are(write):
    with pytest.raises(InputError, match="no column lesions.*It has: patient_id"):
        read(write("p,1,1,ct.nrrd", header="patient_id,time_days,event,image\n"))
    with pytest.raises(InputError, match="exactly one of the columns time_days and time_months"):
        read(write("p,1,1,1,ct.nrrd,s.nrrd", header="patient_id,time_days,time_months,event,image,lesions\n"))


def test_an_empty_table_is_refused(write):
    with pytest.raises(InputError, match="no rows"):
        read(write())


def test_one_image_under_two_patients_is_refused(write):
    with pytest.raises(InputError, match="rows 2 and 3 have one image under two patients"):
        read(write("p1,a,10,1,ct.nrrd,s.nrrd,", "p2,a,10,1,./ct.nrrd,s.nrrd,"))


def test_ids_that_differ_in_case_only_are_refused(write, tmp_path):
    (tmp_path / "other.nrrd").touch()
    with pytest.raises(InputError, match="rows 2 and 3 have patient ids that differ in case only"):
        read(write("p1,a,10,1,ct.nrrd,s.nrrd,", "P1,a,10,1,other.nrrd,s.nrrd,"))


def test_a_path_too_long_for_the_disk_is_a_fault_of_its_row(write):
    with pytest.raises(InputError, match="row 2, column image: no path"):
        read(write(f"p1,a,10,1,{'x' * 300},s.nrrd,"))
