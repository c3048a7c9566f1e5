"""The colour table that 3D Slicer opens beside the painted label map."""

import pytest

from prognosis.report.colour_table import slicer_colour_table


def rows_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def test_every_row_is_an_id_a_name_and_four_numbers(a_lesion):
    lesions = [a_lesion(7, name="LN c40", rank=2, colour=(1, 2, 3)), a_lesion(2, name="liver", rank=None)]
    text = slicer_colour_table(lesions)
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert rows_of(text) == [
        ["0", "background", "0", "0", "0", "0"],
        ["2", "liver", "128", "128", "128", "255"],
        ["7", "LN_c40", "1", "2", "3", "255"],
    ]


def test_no_lesion_leaves_the_background():
    assert rows_of(slicer_colour_table([])) == [["0", "background", "0", "0", "0", "0"]]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("Tumor  c40\t1", "Tumor_c40_1", id="blanks"),
        pytest.param("#1 \"quoted\", 'x'", "1_quoted_x", id="comment sign and quotes"),
        pytest.param("two\nlines", "two_lines", id="line break"),
        pytest.param("a\u00a0b\u2028c", "a_b_c", id="odd blanks"),
        pytest.param("Läsion-3.b", "Läsion-3.b", id="letters of other languages"),
        pytest.param("<>", "lesion_4", id="nothing left"),
        pytest.param("", "lesion_4", id="no name"),
    ],
)
def test_names_keep_the_columns_apart(a_lesion, name, written):
    rows = rows_of(slicer_colour_table([a_lesion(4, name=name, colour=(1, 2, 3))]))
    assert rows[1:] == [["4", written, "1", "2", "3", "255"]]


def test_names_are_unique(a_lesion):
    names = ["a", "a", "a_2", "background", "A b", "A_b"]
    rows = rows_of(slicer_colour_table([a_lesion(label, name=name) for label, name in enumerate(names, 1)]))
    written = [row[1] for row in rows]
    assert len(set(written)) == len(written) == 7
    assert all(len(row) == 6 for row in rows)
