"""`prognosis lesions score`: the lesions of one patient."""

import argparse

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_output, add_scoring, add_verb, input_path, lesion_choice


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "score",
        common,
        summary="score each lesion of a CT and sum to the patient's risk",
        example="prognosis lesions score --image CT --lesions rtstruct.dcm --lesion-names 'GTV*' --output result",
    )
    parser.add_argument(
        "--image", type=input_path, required=True, metavar="P", help="CT: NRRD, NIfTI, MetaImage or DICOM folder"
    )
    parser.add_argument(
        "--lesions", type=input_path, required=True, metavar="P", help=".seg.nrrd, label map, DICOM SEG or RTSTRUCT"
    )
    parser.add_argument("--organs", type=input_path, metavar="P", help="segmented organs, such as TotalSegmentator's")
    parser.add_argument("--series", metavar="UID", help="which series, when the folder holds several")
    parser.add_argument("--resample-uneven", action="store_true", help="accept uneven slice distances and resample")
    add_lesion_choice(parser)
    add_scoring(parser)
    add_output(parser, "folder for the result")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cli.scoring import ScoreRequest, lesion_table, patient_document, score_to_folder, summary

    request = ScoreRequest(
        image=arguments.image,
        lesions=arguments.lesions,
        organs=arguments.organs,
        series=arguments.series,
        resample_uneven=arguments.resample_uneven,
        choice=lesion_choice(arguments),
        model=arguments.model,
        engine=arguments.engine,
        show_demonstration_numbers=arguments.show_demonstration_numbers,
    )
    patient = score_to_folder(request, arguments.output, console.progress, overwrite=arguments.overwrite)
    console.say(lesion_table(patient))
    console.say(summary(patient))
    for warning in patient.warnings:
        console.warn(warning)
    console.say(f"Report: {arguments.output / 'report.html'}")
    console.result(patient_document(patient))
    return 0
