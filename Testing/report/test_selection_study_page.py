"""The report and the numbers of a selection: plain words, every number in its place, safe with hostile text."""

import csv
import json
from dataclasses import replace

import pytest
from making_selections import HOSTILE, hostile_selection, make_selection
from test_report_html import Page

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.describing import NO_PROOF
from prognosis.files import write_csv
from prognosis.report.selection_study.numbers import selection_document, selection_tables
from prognosis.report.selection_study.page import render_selection_report
from prognosis.report.survival_study.figures import StudyFigure

FIGURES = {
    name: StudyFigure(name, f"shows {name}", b"\x89PNG", b"<svg/>") for name in ("p_values", "endpoints", "inclusion")
}


def page_of(study, figures=FIGURES) -> Page:
    page = Page(render_selection_report(study, figures))
    assert page.open == []
    return page


def row_of(page, *start):
    (row,) = [row for row in page.rows if tuple(row[: len(start)]) == start]
    return row


def test_the_first_thing_said_is_that_this_is_no_proof():
    text = page_of(make_selection()).text
    assert text.index(NO_PROOF) < text.index("features tested")
    assert "Which features are tied to survival in 96 patients with 51 deaths" in text
    assert "Research use only. Not for diagnosis or treatment." in text


def test_the_headline_sets_chance_beside_what_was_found():
    text = page_of(make_selection()).text
    assert "More features have p < 0.05 than permuted outcomes give, at every endpoint." in text
    assert "their number is one that chance gives." in text
    assert "by chance the most included is in 42." in text


def test_part_of_the_endpoints_is_named():
    study = make_selection()
    ct = study.tests[0]
    quiet = replace(ct.significant[0], observed=ct.significant[0].low)
    study = replace(study, tests=(replace(ct, significant=(quiet, *ct.significant[1:])), study.tests[1]))
    assert "at os5, dss2 and dss5; at the others, no more than chance." in page_of(study).text


def test_counts_stand_beside_chance_and_paper():
    row = row_of(page_of(make_selection()), "CT features with p < 0.05 at all four endpoints")
    assert row[1:] == ["380", "3 to 310, mean 110", "0.020", "299 (139 in a caption), at all four endpoints"]


def test_patients_and_why_an_endpoint_is_missing():
    page = page_of(make_selection(endpoints=2))
    assert row_of(page, "death by 2 years (os2)")[1:] == ["37", "50", "9", "0", "yes"]
    assert row_of(page, "death of the disease by 5 years (dss5)")[-1].startswith("no: 3 patient(s)")


def test_the_choice_and_its_penalty():
    row = row_of(page_of(make_selection()), "death by 2 years", "CT")
    assert row[2] == "20"
    assert row[5:7] == ["0.62, 5-fold cross-validation", "14 of 20 at 0.50; 12 of 17 at 0.77"]
    assert row[4] == "3 (at most 8)"


def test_assumptions_say_what_the_paper_states():
    page = page_of(make_selection())
    assert row_of(page, "", "Stated by the paper")[2:] == ["Our assumption", "Used"]
    assert row_of(page, "Resamples", "1,000")[3] == "1,000"
    assert row_of(page, "Several annotations of a patient")[1] == "not stated"


def test_demonstrations_and_simulated_patients_are_marked():
    assert "DEMONSTRATION NETWORKS" not in page_of(make_selection()).text
    assert "SIMULATED PATIENTS. It shows how the program works." in page_of(make_selection(phantom=True)).text
    assert "DEMONSTRATION NETWORKS · SIMULATED PATIENTS." in page_of(hostile_selection()).text


@pytest.mark.parametrize("study", [hostile_selection(), make_selection(endpoints=1, top=0, chance=False)])
def test_the_page_runs_nothing_and_loads_nothing(study):
    page = page_of(study, FIGURES)
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "iframe", "object", "embed", "form", "base"})
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "img":
            assert attributes["src"].startswith("data:image/png;base64,")
    assert page_of(study, {}).text


def test_hostile_text_is_shown_as_it_is():
    assert " ".join(HOSTILE.split()) in page_of(hostile_selection()).text


def test_nothing_chosen_and_nothing_measured_is_said():
    assert "No feature was chosen." in page_of(make_selection(top=0)).text
    study = make_selection(measures=(), tlg="")
    assert "No conventional measure is in the table of features." in page_of(study).text


def test_the_document_is_json_that_holds_everything():
    study = make_selection()
    document = json.loads(json.dumps(selection_document(study), allow_nan=False))
    assert document["statement"] == NO_PROOF
    assert document["tests"]["ct"]["all_endpoints"] == {
        "observed": 380, "mean": 110, "low": 3, "high": 310, "p_value": 0.02
    }  # fmt: skip
    assert len(document["tests"]["pet"]["exactly"]) == 15
    assert [one["endpoint"] for one in document["flow"]] == ["os2", "os5", "dss2", "dss5"]
    assert document["chosen"][0]["features"][0]["name"] == study.chosen[0].features[0]
    assert document["options"]["bootstraps"] == 1000
    assert document["counts"][0]["paper"] == "3,042; chance alone 2,765"
    assert document["chance_inclusion"][0]["above_line"] == [0, 3, 8, 1]


def test_features_are_written_with_place_p_and_choice(tmp_path):
    study = make_selection()
    header, rows = selection_tables(study)["features.csv"]
    written = [dict(zip(header, row, strict=True)) for row in rows]
    assert len(written) == 1400
    assert [written[600][name] for name in ("feature", "channel", "z", "y", "x")] == ["C00600", 88, 0, 0, 1]
    assert written[699]["p_os2"] is None
    chosen = next(one for one in study.chosen if one.modality is Modality.PET)
    assert {row["feature"] for row in written[700:] if row["chosen_os2"] == "yes"} == set(chosen.features)
    first = next(row for row in written if row["feature"] == chosen.features[0])
    assert first["inclusion_os2"] == chosen.inclusion[0]
    assert first["p_dss5"] == study.tests[1].p_values[3, chosen.indices[0]]


@pytest.mark.parametrize("study", [make_selection(), hostile_selection()], ids=["plain", "hostile"])
def test_every_table_has_as_many_cells_as_headings_and_no_formula(study, tmp_path):
    for name, (header, rows) in selection_tables(study).items():
        write_csv(tmp_path / name, header, rows)
        with (tmp_path / name).open(encoding="utf-8", newline="") as stream:
            read = list(csv.reader(stream))
        assert len(read) == len(rows) + 1 > 1
        assert {len(row) for row in read} == {len(header)}
        assert not any(cell.startswith(("=", "+", "@")) for row in read for cell in row)
