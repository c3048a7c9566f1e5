"""What became of every case of a cohort run: one table for programs, one page for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.batch.case import Fact
from prognosis.batch.ledger import Entry, Ledger, State
from prognosis.files import write_csv, write_text
from prognosis.provenance import now
from prognosis.report.html_pages import page_template
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

CSV_NAME = "summary.csv"
HTML_NAME = "summary.html"
_RESULT = (State.DONE, State.KEPT)
_FAILURES_LISTED = 50
_NEXT = "Run the same command again: cases with a result are kept, the others are tried once more."


@dataclass(frozen=True)
class Column:
    """A fact of each case, as the summary shows it.

    Args:
        name: The fact, and the column of the CSV.
        heading: For people.
        decimals: For numbers.
    """

    name: str
    heading: str
    decimals: int = 0


@dataclass(frozen=True)
class BatchSummary:
    """How a run is told.

    Args:
        title: What was computed.
        columns: Numbers shown for each case, in order; a fact called 'warnings' is shown below them.
        model: Name and version of the model.
        demonstration: Whether it is a demonstration.
        look_closer: How to learn more of a failure.
        report: The page in each case's folder; None where there is none.
        rows: What the number of a row counts.
    """

    title: str
    columns: Sequence[Column]
    model: str
    demonstration: bool
    look_closer: str = ""
    report: str | None = "report.html"
    rows: str = "A case bears the number of its row in the table, the header being row 1."

    @property
    def mark(self) -> str:
        """What stands beside every number."""
        demonstration = f"{DEMONSTRATION}, " if self.demonstration else ""
        return f"{demonstration}{self.model}, research use only"


def write_batch_summary(folder: Path, ledger: Ledger, summary: BatchSummary) -> None:
    """Write `summary.csv` and `summary.html`, each whole."""
    facts = [*(column.name for column in summary.columns), "warnings"]
    write_csv(
        folder / CSV_NAME,
        ("row", "case", "state", *facts, "model", "cause", "remedy"),
        [_csv_row(entry, facts, summary) for entry in ledger.entries],
    )
    write_text(folder / HTML_NAME, render_batch_summary(ledger, summary))


def render_batch_summary(ledger: Ledger, summary: BatchSummary) -> str:
    """Render the page: it loads nothing from elsewhere, runs no script, and links to the reports beside it."""
    return page_template("batch_summary.html").render(
        summary=summary,
        research_use=RESEARCH_USE,
        demonstration=DEMONSTRATION,
        headline=headline(ledger),
        unfinished=_NEXT if any(entry.state not in _RESULT for entry in ledger.entries) else None,
        failed=[entry for entry in ledger.entries if entry.state is State.FAILED][:_FAILURES_LISTED],
        more_failed=max(0, ledger.count(State.FAILED) - _FAILURES_LISTED),
        rows=[_shown(entry, summary) for entry in ledger.entries],
        created=now(),
    )


def headline(ledger: Ledger) -> str:
    """How many cases ended how, in words."""
    counts = ((ledger.count(state), state.value) for state in State)
    cases = len(ledger.entries)
    return f"{cases} case{'s' * (cases != 1)}: " + ", ".join(f"{count} {state}" for count, state in counts if count)


def _csv_row(entry: Entry, facts: Sequence[str], summary: BatchSummary) -> list[object]:
    shown = entry.state in _RESULT
    return [
        entry.case.number,
        entry.case.name if shown else None,
        entry.state.value,
        *(entry.facts.get(name) for name in facts),
        summary.mark if shown else None,
        entry.cause,
        entry.remedy,
    ]


def _shown(entry: Entry, summary: BatchSummary) -> dict[str, object]:
    return {
        "number": entry.case.number,
        "state": entry.state.value,
        "report": f"{entry.case.name}/{summary.report}" if summary.report and entry.state in _RESULT else None,
        "cells": [_text(entry.facts.get(column.name), column.decimals) for column in summary.columns],
        "remark": entry.facts.get("warnings") or " ".join(text for text in (entry.cause, entry.remedy) if text),
    }


def _text(fact: Fact, decimals: int) -> str:
    if fact is None:
        return "–"
    return f"{fact:.{decimals}f}" if isinstance(fact, float) else str(fact)
