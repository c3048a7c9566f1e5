"""`prognosis biomarkers extract`: the features of every row of a table, in one file."""

import argparse
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.biomarkers.modality import Modality
from prognosis.cli.cohort_arguments import add_how_it_runs
from prognosis.cli.cohort_run import (
    CohortRun,
    Ran,
    Room,
    cases_of,
    in_processes,
    rows_of,
    run_cohort,
    tell_end,
    working_hours,
)
from prognosis.cli.console import Console
from prognosis.cli.feature_extraction import KIND, SHOWN, FeatureExtraction
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, input_path, lesion_choice
from prognosis.engines.engine import Engine
from prognosis.engines.openvino_engine import takes_openvino
from prognosis.errors import InputError, ModelError, UsageError

if TYPE_CHECKING:
    from prognosis.biomarkers.feature_table import FeatureTable
    from prognosis.biomarkers.networks.segmenter import Segmenter
    from prognosis.bundles.bundle import Bundle
    from prognosis.cohort.table import CohortRow
    from prognosis.report.batch_summary import BatchSummary

_ROOM = Room(result_bytes=500_000, worker_bytes=5_000_000)
_HEADINGS = {"mtv_contour_ml": "MTV, ml", "tlg_contour_ml": "TLG, ml", "suv_max": "SUVmax"}
_LOOK_CLOSER = (
    "To see which file a cause is about, run: prognosis cohort check TABLE --for biomarkers --without-outcome --deep"
)


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "extract",
        common,
        summary="extract the U-Nets' features of every patient of a table into one file",
        example="prognosis biomarkers extract cohort.csv --ct-model ct-unet --pet-model pet-unet --output features.h5",
    )
    parser.add_argument(
        "cohort",
        type=input_path,
        help="CSV with patient_id, ct, pet and tumour (or ct_tumour and pet_tumour) and, if wanted, ct_series and "
        "pet_series",
    )
    for modality in Modality:
        parser.add_argument(
            f"--{modality}-model",
            metavar="M",
            help=f"name or folder of the U-Net that reads {modality.shown}; without it {modality.shown} is left out",
        )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the file, such as features.h5")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the file and compute every case anew, whatever is there"
    )
    parser.add_argument("--no-radiomics", action="store_true", help="measure uptake alone beside the features")
    parser.add_argument("--scaled", action="store_true", help="let the region grow with a tumour larger than it")
    parser.add_argument(
        "--engine", type=Engine, choices=list(Engine), default=Engine.AUTO, metavar="E", help="auto, openvino or torch"
    )
    add_lesion_choice(parser)
    add_how_it_runs(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.biomarkers.extraction import common_region, extraction_settings
    from prognosis.biomarkers.networks.unet_bundle import load_unet

    may_start = working_hours(arguments, console)
    if find_spec("h5py") is None:
        raise UsageError("Extraction needs h5py.", remedy="Install slicer-prognosis[train].")
    output = arguments.output.absolute()
    folder = output.with_name(f"{output.name}.cases")
    _require_ours(output, folder, overwrite=arguments.overwrite)
    bundles = _bundles(arguments)
    segmenters = {modality: load_unet(bundle) for modality, bundle in bundles.items()}
    _require_right_images(segmenters)
    region = common_region(segmenters, scaled=arguments.scaled)
    work = FeatureExtraction(
        models={modality: bundle.folder.absolute() for modality, bundle in bundles.items()},
        sha256={modality: bundle.sha256 for modality, bundle in bundles.items()},
        choice=lesion_choice(arguments),
        engine=Engine.OPENVINO if takes_openvino(arguments.engine) else Engine.TORCH,
        radiomics=not arguments.no_radiomics,
        scaled=arguments.scaled,
    )
    rows = _rows(arguments.cohort, (output, folder), segmenters, console)
    run = CohortRun(KIND, "extracting", folder, work.settings, in_processes(work, arguments), _ROOM, _summary(bundles))
    with run_cohort(run, cases_of(rows), arguments, console, may_start) as ran:
        settings = extraction_settings(segmenters, region, radiomics=work.radiomics)
        finished = _finished(ran, rows)
        left_out = len(rows) - len(finished)
        if finished:
            console.progress("writing the file", 0, 1)
            _write(output, _table(ran, finished, segmenters, settings), left_out, work.engine)
            console.progress("writing the file", 1, 1)
            console.say(_told(output, len(finished), left_out))
        else:
            former = f" {output} is of a former run." if output.exists() else ""
            console.warn(f"No case has features: no file was written.{former}")
        return tell_end(ran, console, {"features": str(output) if finished else None, "left_out": left_out})


def _require_ours(output: Path, folder: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file that is no table of features, or one that no run of this command stands behind."""
    from prognosis.biomarkers.feature_store import describe_feature_table

    if not output.exists():
        return
    try:
        describe_feature_table(output)
    except InputError as error:
        raise UsageError(
            f"{output} is not replaced: it is no table of features.", remedy="Choose another --output."
        ) from error
    if not overwrite and not folder.is_dir():
        raise UsageError(
            f"{output} already exists, and {folder.name} is not beside it.",
            remedy="Choose another --output, or add --overwrite to replace it.",
        )


def _bundles(arguments: argparse.Namespace) -> "dict[Modality, Bundle]":
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle

    asked = {modality: getattr(arguments, f"{modality}_model") for modality in Modality}
    found = {
        modality: find_bundle(model, method=Method.BIOMARKERS, kind=ArchitectureKind.BIOMARKER_UNET)
        for modality, model in asked.items()
        if model is not None
    }
    if not found:
        raise UsageError("No network is given.", remedy="Give --ct-model, --pet-model or both.")
    return found


def _require_right_images(segmenters: "Mapping[Modality, Segmenter]") -> None:
    for modality, segmenter in segmenters.items():
        if segmenter.modality is not modality:
            raise ModelError(
                f"{segmenter.used.name} reads {segmenter.modality.shown}, not {modality.shown}.",
                remedy=f"Give it as --{segmenter.modality}-model.",
            )


def _rows(
    table: Path, outputs: Sequence[Path], segmenters: "Mapping[Modality, Segmenter]", console: Console
) -> "list[CohortRow]":
    needed = [modality.value for modality in segmenters]
    others = [modality.value for modality in Modality if modality not in segmenters]
    return rows_of(
        table,
        outputs,
        console,
        file_columns=needed,
        optional_file_columns=(*others, "tumour", "ct_tumour", "pet_tumour"),
    )


def _finished(ran: Ran, rows: "Sequence[CohortRow]") -> "list[CohortRow]":
    from prognosis.batch.ledger import State

    done = {entry.case.number for entry in ran.ledger.entries if entry.state in (State.DONE, State.KEPT)}
    return [row for row in rows if row.number in done]


def _table(
    ran: Ran,
    rows: "Sequence[CohortRow]",
    segmenters: "Mapping[Modality, Segmenter]",
    settings: Mapping[str, object],
) -> "FeatureTable":
    from prognosis.biomarkers.extracted_case import read_extracted
    from prognosis.biomarkers.extraction import feature_table

    names = {entry.case.number: entry.case.name for entry in ran.ledger.entries}
    patients = (read_extracted(ran.output / names[row.number]) for row in rows)
    return feature_table([(row.patient_id, row.annotation_id) for row in rows], patients, segmenters, settings)


def _write(output: Path, table: "FeatureTable", left_out: int, engine: Engine) -> None:
    from prognosis.biomarkers.feature_store import write_feature_table

    write_feature_table(output, table, left_out=left_out, made_by={"engine": engine.value})


def _summary(bundles: "Mapping[Modality, Bundle]") -> "BatchSummary":
    from prognosis.report.batch_summary import BatchSummary, Column

    manifests = [bundle.manifest for bundle in bundles.values()]
    return BatchSummary(
        title="Features of PET/CT over a cohort",
        columns=tuple(Column(name, _HEADINGS[name], decimals=1) for name in SHOWN),
        model=", ".join(f"{manifest.name} version {manifest.version}" for manifest in manifests),
        demonstration=any(manifest.demonstration for manifest in manifests),
        look_closer=_LOOK_CLOSER,
        report=None,
    )


def _told(output: Path, rows: int, left_out: int) -> str:
    left = (
        f"; {left_out} row{'s have' if left_out > 1 else ' has'} none and {'are' if left_out > 1 else 'is'} not in it"
    )
    return f"Features of {rows} row{'s' * (rows > 1)}: {output}{left if left_out else ''}"
