"""The summary of a run, for programs and for people."""

import csv
from pathlib import Path

import pytest

from prognosis.batch.case import Case, Done, Failed
from prognosis.batch.ledger import Ledger, State
from prognosis.report.batch_summary import BatchSummary, Column, render_batch_summary, write_batch_summary

SUMMARY = BatchSummary(
    title="A title",
    columns=(Column("risk", "Risk", decimals=2), Column("lesions", "Lesions")),
    model="model-1 version 2",
    demonstration=True,
)


@pytest.fixture
def ledger():
    """One case of each state."""
    cases = [Case(row, {"image": Path("/secret/anna.nrrd")}, private=("Anna",)) for row in (2, 3, 4, 5)]
    found = Ledger(cases, {2: {"risk": 1.23456, "lesions": 3, "warnings": "=a <b>warning</b>"}})
    found.enter(Done(cases[1], {"risk": None, "lesions": 0, "warnings": ""}))
    found.enter(Failed(cases[2], "=cmd <script>bad</script>", "Mend it."))
    return found


def test_the_table_has_a_line_a_row(ledger, tmp_path):
    write_batch_summary(tmp_path, ledger, SUMMARY)
    with (tmp_path / "summary.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    mark = "DEMONSTRATION MODEL, model-1 version 2, research use only"
    assert lines == [
        dict(zip(lines[0], values, strict=True))
        for values in (
            ("2", "case-000002", "kept", "1.23456", "3", "'=a <b>warning</b>", mark, "", ""),
            ("3", "case-000003", "done", "", "0", "", mark, "", ""),
            ("4", "", "failed", "", "", "", "", "'=cmd <script>bad</script>", "Mend it."),
            ("5", "", "not started", "", "", "", "", "", ""),
        )
    ]
    assert list(lines[0]) == ["row", "case", "state", "risk", "lesions", "warnings", "model", "cause", "remedy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["summary.csv", "summary.html"]


def test_the_page_tells_the_same_and_runs_nothing(ledger):
    page = render_batch_summary(ledger, SUMMARY)
    assert "4 cases: 1 done, 1 kept, 1 failed, 1 not started" in page
    assert "Run the same command again" in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert "1.23<" in page
    assert page.count("/report.html") == 2
    assert "anna" not in page.lower()
    assert "DEMONSTRATION MODEL" in page


def test_a_page_without_faults_asks_for_nothing():
    cases = [Case(2, {})]
    page = render_batch_summary(Ledger(cases, {2: {"risk": 1.0}}), BatchSummary("A title", SUMMARY.columns, "m", False))
    assert "1 case: 1 kept" in page
    assert "again" not in page
    assert "DEMONSTRATION" not in page


def test_a_page_of_cases_that_are_no_table_rows_and_have_no_report_says_neither():
    ledger = Ledger([Case(1, {})], {1: {"risk": 1.0}})
    told = BatchSummary("A title", SUMMARY.columns, "m", False, report=None, rows="A row is a photo.")
    page = render_batch_summary(ledger, told)
    assert "A row is a photo." in page
    assert "the header being row 1" not in page
    assert "<th>Report</th>" not in page
    assert page.count("<td") == 4 + 1 + 2


def test_many_failures_are_listed_up_to_a_number_and_how_to_learn_more_is_said():
    cases = [Case(row, {}) for row in range(2, 62)]
    ledger = Ledger(cases, {})
    for case in cases:
        ledger.enter(Failed(case, "It is damaged.", ""))
    page = render_batch_summary(ledger, BatchSummary("A title", SUMMARY.columns, "m", False, look_closer="Look at it."))
    assert page.count("<li>Row ") == 50
    assert "and 10 more" in page
    assert page.count("Look at it.") == 1
    assert page.count('class="failed"') == 60


def test_a_case_that_is_tried_again_is_counted_once(ledger):
    ledger.enter(Done(ledger.entries[2].case, {}))
    assert [ledger.count(state) for state in State] == [2, 1, 0, 1]
    assert [case.number for case in ledger.waiting] == [5]
