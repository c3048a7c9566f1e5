"""`prognosis biomarkers followup`: a scored PET/CT's heat on a later CT."""

import argparse

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_output, add_verb, input_path, lesion_choice, number

_HEAT = ("both", "ct", "pet")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "followup",
        common,
        summary="lay a scored PET/CT's heat onto a later CT, and judge its overlap with a recurrence against chance",
        example="prognosis biomarkers followup --result out --ct LATER --recurrence recurrence.seg.nrrd --output later",
    )
    parser.add_argument(
        "--result", type=input_path, required=True, metavar="DIR", help="what `prognosis biomarkers score` wrote"
    )
    parser.add_argument(
        "--ct", type=input_path, required=True, metavar="P", help="later CT: NRRD, NIfTI, MetaImage or DICOM folder"
    )
    parser.add_argument("--series", metavar="UID", help="which series, when the CT's folder holds several")
    parser.add_argument(
        "--recurrence",
        type=input_path,
        metavar="P",
        help="contour on the later CT: .seg.nrrd, label map, DICOM SEG or RTSTRUCT",
    )
    add_lesion_choice(parser)
    parser.add_argument("--heat", choices=_HEAT, default="both", help="whose heat is judged (default both)")
    parser.add_argument(
        "--hot-percent", type=number, default=5.0, metavar="N", help="hot are the highest N %% outside the tumour (5)"
    )
    parser.add_argument("--rotations", type=int, default=500, metavar="N", help="rotated copies for chance (500)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of everything random (default 0)")
    add_output(parser, "folder for numbers, heat, picture and report")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.biomarkers.following.options import FollowUpOptions, HeatChoice
    from prognosis.cli.followup_comparing import FollowUpRequest, compare_to_folder, summary

    request = FollowUpRequest(
        result=arguments.result,
        ct=arguments.ct,
        series=arguments.series,
        recurrence=arguments.recurrence,
        choice=lesion_choice(arguments),
        options=FollowUpOptions(
            HeatChoice(arguments.heat), arguments.hot_percent, arguments.rotations, arguments.seed
        ),
    )  # fmt: skip
    document = compare_to_folder(request, arguments.output, console.progress, overwrite=arguments.overwrite)
    console.say(summary(document))
    for warning in document["warnings"]:
        console.warn(warning)
    console.say(f"Report: {arguments.output / 'report.html'}")
    console.result(document)
    return 0
