"""`prognosis biomarkers score --cohort`: the PET/CT of every row of a table, in one folder."""

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
from prognosis.cli.petct_request import PetctRequest, options_document
from prognosis.errors import ModelError, PrognosisError
from prognosis.files import require_free_space

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Compute, Facts
    from prognosis.biomarkers.risk.results import ScoredPetct
    from prognosis.bundles.bundle import Bundle
    from prognosis.report.batch_summary import BatchSummary

_KIND = "biomarkers score"
_FILES: tuple[str, ...] = ()
_MORE_FILES = ("ct", "pet", "tumour", "ct_tumour", "pet_tumour")
_ROOM = Room(result_bytes=10_000_000, worker_bytes=400_000_000)
_REMEDIES = {
    "--ct-series": "the column ct_series",
    "--pet-series": "the column pet_series",
    "(--series)": "in the columns ct_series and pet_series",
    "--series": "the columns ct_series and pet_series",
    "Give --ct, --pet or both.": "Fill in the columns ct, pet or both.",
    "Give --tumour.": "Fill in the column tumour.",
    **{f"(--{flag}": f"(`prognosis convert --suv --{flag}`" for flag in ("weight-kg", "dose-bq", "suv-factor")},
}
_LOOK_CLOSER = (
    "To see which file a cause is about, run: prognosis cohort check TABLE --for biomarkers --without-outcome --deep"
)


@dataclass(frozen=True)
class PetctScoring:
    """Scoring as the work of a batch.

    Args:
        request: How each case is scored; it names no files.
        model: The model's folder.
        sha256: The model's hash when the run began.
    """

    request: PetctRequest
    model: Path
    sha256: str

    @property
    def settings(self) -> Mapping[str, object]:
        engine = "torch" if find_spec("openvino") is None else "openvino"
        return {"kind": _KIND, "model": self.sha256, "engine": engine, **options_document(self.request)}

    def prepare(self) -> "Compute":
        """Load the model.

        Raises:
            ModelError: It is another than when the run began.
            UsageError: It has no such endpoint.
        """
        from prognosis.biomarkers.risk.scoring import require_endpoint
        from prognosis.cli.petct_scoring import find_petct_model, load_model, score_into

        bundle = find_petct_model(str(self.model))
        if bundle.sha256 != self.sha256:
            raise ModelError("The model changed while the run began.", remedy="Run the same command again.")
        model, extractors = load_model(bundle)
        require_endpoint(model, self.request.endpoint)

        def score(case: "Case", folder: Path) -> "Facts":
            require_free_space(folder, _ROOM.worker_bytes)
            request = replace(
                self.request,
                ct=case.inputs.get("ct"),
                pet=case.inputs.get("pet"),
                tumour=case.inputs.get("tumour"),
                ct_tumour=case.inputs.get("ct_tumour"),
                pet_tumour=case.inputs.get("pet_tumour"),
                ct_series=case.options.get("ct_series"),
                pet_series=case.options.get("pet_series"),
            )
            try:
                return _facts(score_into(folder, request, model, extractors))
            except PrognosisError as error:
                raise for_a_table(error, _REMEDIES) from error

        return score


def score_cohort(arguments: argparse.Namespace, console: Console, request: PetctRequest) -> int:
    """Score every row of a table.

    Returns:
        0 when every row has a result, 1 when any failed or was not started.
    """
    from prognosis.cli.petct_scoring import find_petct_model

    may_start = working_hours(arguments, console)
    bundle = find_petct_model(arguments.model)
    work = PetctScoring(request, bundle.folder.absolute(), bundle.sha256)
    rows = rows_of(
        arguments.cohort, [arguments.output], console, file_columns=_FILES, optional_file_columns=_MORE_FILES
    )
    run = CohortRun(
        _KIND, "scoring", arguments.output, work.settings, in_processes(work, arguments), _ROOM, _summary(bundle)
    )
    with run_cohort(run, cases_of(rows), arguments, console, may_start) as ran:
        return tell_end(ran, console)


def _facts(patient: "ScoredPetct") -> "Facts":
    first = patient.endpoints[0]
    return {
        "score": first.score,
        "probability": first.probability,
        "percentile": first.percentile,
        "mtv_contour_ml": patient.conventional.get("mtv_contour_ml"),
        "tlg_contour_ml": patient.conventional.get("tlg_contour_ml"),
        "warnings": "; ".join(warning.rstrip(".") for warning in patient.warnings),
    }


def _summary(bundle: "Bundle") -> "BatchSummary":
    from prognosis.report.batch_summary import BatchSummary, Column

    manifest = bundle.manifest
    return BatchSummary(
        title="PET/CT biomarkers over a cohort",
        columns=(
            Column("score", "Score", decimals=2),
            Column("probability", "Probability", decimals=2),
            Column("percentile", "Percentile"),
            Column("mtv_contour_ml", "MTV, ml"),
            Column("tlg_contour_ml", "TLG"),
        ),
        model=f"{manifest.name} version {manifest.version}",
        demonstration=manifest.demonstration,
        look_closer=_LOOK_CLOSER,
    )
