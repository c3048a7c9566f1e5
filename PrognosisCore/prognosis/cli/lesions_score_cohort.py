"""`prognosis lesions score --cohort`: the lesions of every row of a table, in one folder."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.score_request import ScoreRequest, lies_in, options_document
from prognosis.errors import ModelError, PrognosisError, UsageError
from prognosis.files import require_free_space
from prognosis.lesions.engine import Engine

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Compute, Facts
    from prognosis.batch.folder import BatchFolder
    from prognosis.batch.ledger import Entry, Ledger
    from prognosis.bundles.bundle import Bundle
    from prognosis.lesions.results import ScoredPatient
    from prognosis.report.batch_summary import BatchSummary

_KIND = "lesions score"
_FILES = ("image", "lesions")
_MORE_FILES = ("organs",)
_USUAL_RESULT_BYTES = 3_000_000
_ROOM_A_WORKER_BYTES = 30_000_000
_REMEDIES = {"(--series)": "in the column series", "--series": "the column series"}
_LOOK_CLOSER = (
    "To see which file a cause is about, run: prognosis cohort check TABLE --for lesions --without-outcome --deep"
)


@dataclass(frozen=True)
class LesionScoring:
    """Scoring as the work of a batch.

    Args:
        request: How each case is scored; its files are placeholders.
        model: The model's folder.
        sha256: The model's hash when the run began.
    """

    request: ScoreRequest
    model: Path
    sha256: str

    @property
    def settings(self) -> Mapping[str, object]:
        options = options_document(self.request)
        return {"kind": _KIND, "model": self.sha256, "engine": self.request.engine.value, **options}

    def prepare(self) -> "Compute":
        """Load the model.

        Raises:
            ModelError: It is another than when the run began.
        """
        from prognosis.bundles.manifest import Method
        from prognosis.bundles.store import find_bundle
        from prognosis.cli.scoring import load_scorer, score_into

        bundle = find_bundle(self.model, method=Method.LESIONS)
        if bundle.sha256 != self.sha256:
            raise ModelError("The model changed while the run began.", remedy="Run the same command again.")
        model, scorer = load_scorer(bundle, self.request.engine)

        def score(case: "Case", folder: Path) -> "Facts":
            require_free_space(folder, _ROOM_A_WORKER_BYTES)
            try:
                return _facts(score_into(folder, self._request_of(case), model, scorer))
            except PrognosisError as error:
                raise type(error)(error.what, remedy=_for_a_table(error.remedy)) from error

        return score

    def _request_of(self, case: "Case") -> ScoreRequest:
        files = case.inputs
        return replace(
            self.request,
            image=files["image"],
            lesions=files["lesions"],
            organs=files.get("organs"),
            series=case.options.get("series"),
        )


def score_cohort(arguments: argparse.Namespace, console: Console, request: ScoreRequest) -> int:
    """Score every row of a table.

    Returns:
        0 when every row has a result, 1 when any failed or was not started.
    """
    from prognosis.batch.folder import batch_folder
    from prognosis.batch.ledger import Ledger
    from prognosis.bundles.manifest import Method
    from prognosis.bundles.store import find_bundle
    from prognosis.report.batch_summary import write_batch_summary

    may_start = _working_hours(arguments, console)
    bundle = find_bundle(arguments.model, method=Method.LESIONS)
    work = LesionScoring(replace(request, engine=_engine_of(request)), bundle.folder.absolute(), bundle.sha256)
    cases = _cases(arguments, console)
    with batch_folder(arguments.output, kind=_KIND, overwrite=arguments.overwrite) as folder:
        ledger = Ledger(cases, folder.keep(cases, work.settings, console.progress, may_start))
        try:
            _run(arguments, console, ledger, folder, work, may_start)
        finally:
            write_batch_summary(folder.path, ledger, _summary(bundle))
        former = folder.set_aside
    return _tell_end(arguments.output, console, ledger, former)


def _working_hours(arguments: argparse.Namespace, console: Console) -> Callable[[], bool]:
    """What says whether a case may still be started; asked for first, for the clock runs from the command on."""
    from prognosis.batch.clock import last_start, open_until

    last = None if arguments.until is None else last_start(arguments.until)
    if last is not None:
        console.say(f"No case is started after {last:%a %d %b %H:%M}.")
    return open_until(last)


def _run(
    arguments: argparse.Namespace,
    console: Console,
    ledger: "Ledger",
    folder: "BatchFolder",
    work: LesionScoring,
    may_start: Callable[[], bool],
) -> None:
    from prognosis.batch.ledger import State
    from prognosis.batch.local_processes import LocalProcesses, sensible_workers
    from prognosis.batch.run import run_batch

    def told(entry: "Entry") -> None:
        if entry.state is State.FAILED:
            console.warn(f"{entry.case.name}: {entry.cause} {entry.remedy}".rstrip())
        total = len(ledger.entries)
        console.progress("scoring", total - ledger.count(State.NOT_STARTED), total)

    waiting = len(ledger.waiting)
    workers = min(arguments.workers or sensible_workers(), waiting)
    if waiting:
        require_free_space(folder.path, max(_ROOM_A_WORKER_BYTES * workers, _USUAL_RESULT_BYTES * waiting))
    run_batch(
        ledger,
        folder,
        lambda workers: LocalProcesses(work, workers, arguments.case_timeout),
        workers=workers,
        may_start=may_start,
        told=told,
    )


def _cases(arguments: argparse.Namespace, console: Console) -> "list[Case]":
    """The rows of the table; whether their files are there and whole is told of each row alone."""
    from prognosis.batch.case import Case
    from prognosis.cohort.table import read_cohort

    rows = read_cohort(
        arguments.cohort,
        file_columns=_FILES,
        optional_file_columns=_MORE_FILES,
        outcome_required=False,
        files_must_exist=False,
        tell=console.warn,
    )
    for row in rows:
        for column, path in row.files.items():
            if lies_in(path, arguments.output):
                raise UsageError(
                    f"Row {row.number}: {column} lies in the output folder.", remedy="Choose another --output."
                )
    return [
        Case(
            number=row.number,
            inputs=row.files,
            options={"series": row.series["image"]} if "image" in row.series else {},
            private=(row.patient_id, row.annotation_id),
        )
        for row in rows
    ]


def _engine_of(request: ScoreRequest) -> Engine:
    """What `auto` stands for here, so that a run that goes on after OpenVINO was installed mixes no numbers."""
    if request.engine is not Engine.AUTO:
        return request.engine
    return Engine.TORCH if find_spec("openvino") is None else Engine.OPENVINO


def _for_a_table(remedy: str) -> str:
    """A remedy whose flag belongs to one patient, in words for a row."""
    for alone, in_a_table in _REMEDIES.items():
        remedy = remedy.replace(alone, in_a_table)
    return remedy


def _facts(patient: "ScoredPatient") -> "Facts":
    return {
        "risk": patient.risk,
        "percentile": patient.percentile,
        "lesions": len(patient.lesions),
        "lesions_scored": sum(lesion.risk is not None for lesion in patient.lesions),
        "warnings": "; ".join(warning.rstrip(".") for warning in patient.warnings),
    }


def _summary(bundle: "Bundle") -> "BatchSummary":
    from prognosis.report.batch_summary import BatchSummary, Column

    manifest = bundle.manifest
    return BatchSummary(
        title="Risk of CT lesions over a cohort",
        columns=(
            Column("risk", "Risk", decimals=2),
            Column("percentile", "Percentile"),
            Column("lesions", "Lesions"),
            Column("lesions_scored", "Scored"),
        ),
        model=f"{manifest.name} version {manifest.version}",
        demonstration=manifest.demonstration,
        look_closer=_LOOK_CLOSER,
    )


def _tell_end(output: Path, console: Console, ledger: "Ledger", former: int) -> int:
    from prognosis.batch.folder import SET_ASIDE
    from prognosis.batch.ledger import State
    from prognosis.report.batch_summary import CSV_NAME, HTML_NAME, headline

    console.say(headline(ledger))
    if ledger.count(State.FAILED):
        console.say(_LOOK_CLOSER)
    if former:
        console.say(f"{former} former result{'s are' if former > 1 else ' is'} set aside ({output / SET_ASIDE}).")
    console.say(f"Summary: {output / HTML_NAME}")
    counts = {state.value.replace(" ", "_"): ledger.count(state) for state in State}
    console.result({**counts, "summary": str(output / CSV_NAME)})
    return int(ledger.count(State.FAILED) + ledger.count(State.NOT_STARTED) > 0)
