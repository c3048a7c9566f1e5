"""`prognosis lesions score --cohort`: the lesions of every row of a table, in one folder."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.cohort_run import (
    CohortRun,
    Room,
    cases_of,
    for_a_table,
    in_processes,
    rows_of,
    run_cohort,
    tell_end,
    working_hours,
)
from prognosis.cli.console import Console
from prognosis.cli.score_request import ScoreRequest, options_document
from prognosis.engines.engine import Engine
from prognosis.errors import ModelError, PrognosisError
from prognosis.files import require_free_space

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Compute, Facts
    from prognosis.bundles.bundle import Bundle
    from prognosis.lesions.results import ScoredPatient
    from prognosis.report.batch_summary import BatchSummary

_KIND = "lesions score"
_FILES = ("image", "lesions")
_MORE_FILES = ("organs",)
_ROOM = Room(result_bytes=3_000_000, worker_bytes=30_000_000)
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
            require_free_space(folder, _ROOM.worker_bytes)
            try:
                return _facts(score_into(folder, self._request_of(case), model, scorer))
            except PrognosisError as error:
                raise for_a_table(error, _REMEDIES) from error

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
    from prognosis.bundles.manifest import Method
    from prognosis.bundles.store import find_bundle

    may_start = working_hours(arguments, console)
    bundle = find_bundle(arguments.model, method=Method.LESIONS)
    work = LesionScoring(replace(request, engine=_engine_of(request)), bundle.folder.absolute(), bundle.sha256)
    rows = rows_of(
        arguments.cohort, [arguments.output], console, file_columns=_FILES, optional_file_columns=_MORE_FILES
    )
    run = CohortRun(
        _KIND, "scoring", arguments.output, work.settings, in_processes(work, arguments), _ROOM, _summary(bundle)
    )
    with run_cohort(run, cases_of(rows), arguments, console, may_start) as ran:
        return tell_end(ran, console)


def _engine_of(request: ScoreRequest) -> Engine:
    """What `auto` stands for here, so that a run that goes on after OpenVINO was installed mixes no numbers."""
    if request.engine is not Engine.AUTO:
        return request.engine
    return Engine.TORCH if find_spec("openvino") is None else Engine.OPENVINO


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
