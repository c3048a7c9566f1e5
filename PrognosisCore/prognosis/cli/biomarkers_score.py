"""`prognosis biomarkers score`: the PET/CT of one patient, or of every row of a cohort."""

import argparse
from pathlib import Path

from prognosis.cli.biomarkers_score_cohort import score_cohort
from prognosis.cli.cohort_arguments import HOW_IT_RUNS, add_cohort, given
from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_output, add_verb, input_path, lesion_choice
from prognosis.cli.petct_request import PetctRequest
from prognosis.cli.suv_options import add_suv_given
from prognosis.errors import UsageError

_FOR_SUV = ("weight_kg", "dose_bq", "suv_factor")
_OF_ONE_PATIENT = ("ct", "pet", "tumour", "ct_tumour", "pet_tumour", "ct_series", "pet_series", *_FOR_SUV)
_TABLE = (
    "CSV with patient_id, ct, pet, tumour and, if wanted, ct_tumour, pet_tumour, ct_series and pet_series, instead of "
    "--ct, --pet and --tumour"
)
_HEAT = ("guided", "smooth", "integrated")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "score",
        common,
        summary="read probabilities of death off a PET/CT, and show where they come from",
        example="prognosis biomarkers score --ct CT --pet PET --tumour rtstruct.dcm --output out\n"
        "  prognosis biomarkers score --cohort cohort.csv --model my-model --output results",
    )
    parser.add_argument("--ct", type=input_path, metavar="P", help="CT: NRRD, NIfTI, MetaImage or DICOM folder")
    parser.add_argument("--pet", type=input_path, metavar="P", help="PET: DICOM folder, or a file that holds SUV")
    parser.add_argument(
        "--tumour", type=input_path, metavar="P", help="its contour: .seg.nrrd, label map, DICOM SEG or RTSTRUCT"
    )
    parser.add_argument("--ct-tumour", type=input_path, metavar="P", help="a contour of its own for the CT")
    parser.add_argument("--pet-tumour", type=input_path, metavar="P", help="a contour of its own for the PET")
    parser.add_argument("--ct-series", metavar="UID", help="which series, when the CT's folder holds several")
    parser.add_argument("--pet-series", metavar="UID", help="which series, when the PET's folder holds several")
    add_suv_given(parser)
    add_lesion_choice(parser)
    parser.add_argument(
        "--model", metavar="M", help="name or folder of a model (default: yours, else the demonstration)"
    )
    parser.add_argument(
        "--endpoint", default="", metavar="KEY", help="whose heat is drawn, such as os2 (default: first)"
    )
    parser.add_argument("--heat", choices=_HEAT, default="guided", help="how heat is computed (default guided)")
    parser.add_argument(
        "--show-demonstration-numbers",
        action="store_true",
        help="show probabilities and curves of a demonstration model on a patient's images, watermarked",
    )
    add_output(parser, "folder for the result; with --cohort, results already there are kept")
    add_cohort(parser, _TABLE)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    alone = given(arguments, _OF_ONE_PATIENT)
    if arguments.cohort is not None:
        if alone:
            raise UsageError(f"{alone} belongs to one patient, not to --cohort.", remedy=_of_a_row(arguments))
        return score_cohort(arguments, console, _request(arguments))
    together = given(arguments, HOW_IT_RUNS)
    if together:
        raise UsageError(f"{together} belongs to --cohort.", remedy="Leave it out.")
    if arguments.ct is None and arguments.pet is None:
        raise UsageError("Nothing to score is given.", remedy="Give --ct, --pet and --tumour, or --cohort.")
    return _score_one(arguments, console)


def _of_a_row(arguments: argparse.Namespace) -> str:
    """Where a cohort is told what one patient is told by a flag."""
    if given(arguments, _FOR_SUV):
        return "Write such a patient's SUV to a file first (`prognosis convert --suv`) and name that in the row."
    return "Name it in the table's rows."


def _score_one(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cli.petct_scoring import patient_document, score_to_folder, summary

    patient = score_to_folder(_request(arguments), arguments.output, console.progress, overwrite=arguments.overwrite)
    console.say(summary(patient))
    for warning in patient.warnings:
        console.warn(warning)
    console.say(f"Report: {Path(arguments.output) / 'report.html'}")
    console.result(patient_document(patient))
    return 0


def _request(arguments: argparse.Namespace) -> PetctRequest:
    return PetctRequest(
        ct=arguments.ct,
        pet=arguments.pet,
        tumour=arguments.tumour,
        ct_tumour=arguments.ct_tumour,
        pet_tumour=arguments.pet_tumour,
        ct_series=arguments.ct_series,
        pet_series=arguments.pet_series,
        choice=lesion_choice(arguments),
        weight_kg=arguments.weight_kg,
        dose_bq=arguments.dose_bq,
        suv_factor=arguments.suv_factor,
        model=arguments.model,
        endpoint=arguments.endpoint,
        heat=arguments.heat,
        show_demonstration_numbers=arguments.show_demonstration_numbers,
    )
