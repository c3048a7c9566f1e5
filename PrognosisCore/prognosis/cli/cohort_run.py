"""What every command over the rows of a table shares: its hours, its cases, its run and how its end is told."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.score_request import lies_in
from prognosis.errors import PrognosisError, UsageError
from prognosis.files import only_one_run, require_free_space

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Work
    from prognosis.batch.executor import Executor
    from prognosis.batch.folder import BatchFolder
    from prognosis.batch.ledger import Entry, Ledger
    from prognosis.cohort.table import CohortRow
    from prognosis.report.batch_summary import BatchSummary


@dataclass(frozen=True)
class Room:
    """What a batch takes of the disk.

    Args:
        result_bytes: The usual result of a case.
        worker_bytes: What a worker writes before a case is whole, at most.
    """

    result_bytes: int
    worker_bytes: int


@dataclass(frozen=True)
class CohortRun:
    """A batch over the rows of a table, as a command runs it.

    Args:
        kind: What is computed, such as 'lesions score'; a folder with cases of another kind is refused.
        step: What progress is called.
        output: The folder it owns.
        settings: Plain values that the results depend on besides the cases' files and options.
        executor: What computes cases, for a number of workers; see `in_processes`.
        room: What it takes of the disk.
        summary: How it is told.
    """

    kind: str
    step: str
    output: Path
    settings: Mapping[str, object]
    executor: "Callable[[int], Executor]"
    room: Room
    summary: "BatchSummary"


@dataclass(frozen=True)
class Ran:
    """A batch that came to its end, its folder still held.

    Args:
        output: Its folder.
        ledger: What became of each row.
        former: How many results of no row are set aside.
        summary: How it was told.
    """

    output: Path
    ledger: "Ledger"
    former: int
    summary: "BatchSummary"


def in_processes(work: "Work", arguments: argparse.Namespace) -> "Callable[[int], Executor]":
    """Compute each case in a process of its own, within `--case-timeout`."""

    def processes(workers: int) -> "Executor":
        from prognosis.batch.local_processes import LocalProcesses

        return LocalProcesses(work, workers, arguments.case_timeout)

    return processes


def working_hours(arguments: argparse.Namespace, console: Console) -> Callable[[], bool]:
    """What says whether a case may still be started; asked for first, for the clock runs from the command on."""
    from prognosis.batch.clock import last_start, open_until

    last = None if arguments.until is None else last_start(arguments.until)
    if last is not None:
        console.say(f"No case is started after {last:%a %d %b %H:%M}.")
    return open_until(last)


def rows_of(
    table: Path,
    outputs: Sequence[Path],
    console: Console,
    *,
    file_columns: Sequence[str],
    optional_file_columns: Sequence[str],
) -> "list[CohortRow]":
    """The rows of a table; whether their files are there and whole is told of each row alone.

    Args:
        outputs: Folders and files that the command writes; no row may read what lies there.

    Raises:
        InputError: The table is wrong.
        UsageError: A row's file lies in an output.
    """
    from prognosis.cohort.table import read_cohort

    rows = read_cohort(
        table,
        file_columns=file_columns,
        optional_file_columns=optional_file_columns,
        outcome_required=False,
        files_must_exist=False,
        tell=console.warn,
    )
    for row in rows:
        for column, path in row.files.items():
            if any(lies_in(path, output) for output in outputs):
                raise UsageError(
                    f"Row {row.number}: {column} lies in the output folder.", remedy="Choose another --output."
                )
    return rows


def cases_of(rows: "Sequence[CohortRow]") -> "list[Case]":
    """The cases of rows; their options name the series to be read, by the column that says so."""
    from prognosis.batch.case import Case
    from prognosis.cohort.contract import SERIES_COLUMNS

    return [
        Case(
            number=row.number,
            inputs=row.files,
            options={SERIES_COLUMNS[column]: series for column, series in row.series.items()},
            private=(row.patient_id, row.annotation_id),
        )
        for row in rows
    ]


def clear_former(folder: Path, *, kind: str, is_former: Callable[[str], bool]) -> None:
    """Remove what a former run wrote beside its cases before rows may change: a number never shows somebody else.

    Args:
        folder: The output; one that no run of this kind owns is left as it is.
        kind: What is computed.
        is_former: Whether a file of that name is to go.

    Raises:
        UsageError: Another run works in it.
    """
    from prognosis.batch.folder import MARK

    try:
        owner = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if owner != {"kind": kind}:
        return
    with only_one_run(folder):
        for file in folder.iterdir():
            if is_former(file.name):
                file.unlink()


@contextmanager
def run_cohort(
    run: CohortRun,
    cases: "Sequence[Case]",
    arguments: argparse.Namespace,
    console: Console,
    may_start: Callable[[], bool],
) -> Iterator[Ran]:
    """Run a batch and write its summary, also when it is interrupted; its folder is held until the block ends.

    Args:
        run: The batch.
        cases: Its rows.
        arguments: With `overwrite` and what `add_how_it_runs` adds.
        console: Told how far it is, and of each case that failed.
        may_start: What `working_hours` returned.

    Raises:
        UsageError: The folder cannot be used, or the disk is full.
        PrognosisError: No worker can be started.
    """
    from prognosis.batch.folder import batch_folder
    from prognosis.batch.ledger import Ledger
    from prognosis.report.batch_summary import write_batch_summary

    with batch_folder(run.output, kind=run.kind, overwrite=arguments.overwrite) as folder:
        ledger = Ledger(cases, folder.keep(cases, run.settings, console.progress, may_start))
        try:
            _run(run, arguments, console, ledger, folder, may_start)
        finally:
            write_batch_summary(folder.path, ledger, run.summary)
        yield Ran(run.output, ledger, folder.set_aside, run.summary)


def tell_end(ran: Ran, console: Console, more: Mapping[str, object] | None = None) -> int:
    """Say how a batch ended.

    Args:
        more: What else the result says to a program.

    Returns:
        0 when every row has a result, 1 when any failed or was not started.
    """
    from prognosis.batch.folder import SET_ASIDE
    from prognosis.batch.ledger import State
    from prognosis.report.batch_summary import CSV_NAME, HTML_NAME, headline

    ledger, former = ran.ledger, ran.former
    console.say(headline(ledger))
    if ledger.count(State.FAILED) and ran.summary.look_closer:
        console.say(ran.summary.look_closer)
    if former:
        console.say(f"{former} former result{'s are' if former > 1 else ' is'} set aside ({ran.output / SET_ASIDE}).")
    console.say(f"Summary: {ran.output / HTML_NAME}")
    counts = {state.value.replace(" ", "_"): ledger.count(state) for state in State}
    console.result({**counts, "summary": str(ran.output / CSV_NAME), **(more or {})})
    return int(ledger.count(State.FAILED) + ledger.count(State.NOT_STARTED) > 0)


def for_a_table(error: PrognosisError, remedies: Mapping[str, str]) -> PrognosisError:
    """An error whose remedy names flags of one patient, in words for a row.

    Args:
        remedies: Words for one patient -> words for a row; the first are replaced first.
    """
    remedy = error.remedy
    for alone, in_a_table in remedies.items():
        remedy = remedy.replace(alone, in_a_table)
    return type(error)(error.what, remedy=remedy)


def _run(
    run: CohortRun,
    arguments: argparse.Namespace,
    console: Console,
    ledger: "Ledger",
    folder: "BatchFolder",
    may_start: Callable[[], bool],
) -> None:
    from prognosis.batch.ledger import State
    from prognosis.batch.local_processes import sensible_workers
    from prognosis.batch.run import run_batch

    def told(entry: "Entry") -> None:
        if entry.state is State.FAILED:
            console.warn(f"{entry.case.name}: {entry.cause} {entry.remedy}".rstrip())
        total = len(ledger.entries)
        console.progress(run.step, total - ledger.count(State.NOT_STARTED), total)

    waiting = len(ledger.waiting)
    workers = min(arguments.workers or sensible_workers(), waiting)
    if waiting:
        require_free_space(folder.path, max(run.room.worker_bytes * workers, run.room.result_bytes * waiting))
        total = len(ledger.entries)
        console.progress(run.step, total - ledger.count(State.NOT_STARTED), total)
    run_batch(
        ledger,
        folder,
        run.executor,
        workers=workers,
        may_start=may_start,
        told=told,
    )
