"""`prognosis lesions score`: the lesions of one patient, or of every row of a cohort."""

import argparse
from pathlib import Path

from prognosis.cli.cohort_arguments import HOW_IT_RUNS, add_cohort, given
from prognosis.cli.console import Console
from prognosis.cli.lesions_score_cohort import score_cohort
from prognosis.cli.options import (
    Verbs,
    add_lesion_choice,
    add_output,
    add_scoring,
    add_verb,
    input_path,
    lesion_choice,
)
from prognosis.cli.score_request import ScoreRequest
from prognosis.errors import UsageError

_OF_ONE_PATIENT = ("image", "lesions", "organs", "series")
_TABLE = "CSV with patient_id, image, lesions and, if wanted, organs and series, instead of --image and --lesions"


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "score",
        common,
        summary="score each lesion of a CT and sum to the patient's risk",
        example="prognosis lesions score --image CT --lesions rtstruct.dcm --lesion-names 'GTV*' --output result\n"
        "  prognosis lesions score --cohort cohort.csv --output results --until 06:30",
    )
    parser.add_argument("--image", type=input_path, metavar="P", help="CT: NRRD, NIfTI, MetaImage or DICOM folder")
    parser.add_argument("--lesions", type=input_path, metavar="P", help=".seg.nrrd, label map, DICOM SEG or RTSTRUCT")
    parser.add_argument("--organs", type=input_path, metavar="P", help="segmented organs, such as TotalSegmentator's")
    parser.add_argument("--series", metavar="UID", help="which series, when the folder holds several")
    parser.add_argument("--resample-uneven", action="store_true", help="accept uneven slice distances and resample")
    add_lesion_choice(parser)
    add_scoring(parser)
    add_output(parser, "folder for the result; with --cohort, results already there are kept")
    add_cohort(parser, _TABLE)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    alone = given(arguments, _OF_ONE_PATIENT)
    if arguments.cohort is not None:
        if alone:
            raise UsageError(f"{alone} belongs to one patient, not to --cohort.", remedy="Name it in the table's rows.")
        return score_cohort(arguments, console, _request(arguments, Path(), Path()))
    together = given(arguments, HOW_IT_RUNS)
    if together:
        raise UsageError(f"{together} belongs to --cohort.", remedy="Leave it out.")
    if arguments.image is None or arguments.lesions is None:
        raise UsageError("Nothing to score is given.", remedy="Give --image and --lesions, or --cohort.")
    return _score_one(arguments, console)


def _score_one(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cli.scoring import lesion_table, patient_document, score_to_folder, summary

    request = _request(arguments, arguments.image, arguments.lesions)
    patient = score_to_folder(request, arguments.output, console.progress, overwrite=arguments.overwrite)
    console.say(lesion_table(patient))
    console.say(summary(patient))
    for warning in patient.warnings:
        console.warn(warning)
    console.say(f"Report: {arguments.output / 'report.html'}")
    console.result(patient_document(patient))
    return 0


def _request(arguments: argparse.Namespace, image: Path, lesions: Path) -> ScoreRequest:
    return ScoreRequest(
        image=image,
        lesions=lesions,
        organs=arguments.organs,
        series=arguments.series,
        resample_uneven=arguments.resample_uneven,
        choice=lesion_choice(arguments),
        model=arguments.model,
        engine=arguments.engine,
        show_demonstration_numbers=arguments.show_demonstration_numbers,
    )
