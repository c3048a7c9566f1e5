"""`prognosis demo`: the main job on a simulated patient, or on one's own files."""

import argparse
from pathlib import Path

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, input_path, lesion_choice
from prognosis.errors import UsageError

_MODEL = "lesions-demonstration"


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "demo",
        common,
        summary="score the lesions of a simulated patient, or of your own CT",
        example="prognosis demo --output output/demo",
    )
    parser.add_argument("--image", type=input_path, metavar="P", help="your CT instead of a simulated one")
    parser.add_argument("--lesions", type=input_path, metavar="P", help="its segmented lesions")
    add_lesion_choice(parser)
    parser.add_argument("--series", metavar="UID", help="which series, when your folder holds several")
    parser.add_argument("--model", default=_MODEL, metavar="M", help=f"name or folder of a model (default {_MODEL})")
    parser.add_argument("--seed", type=int, default=2026, metavar="S", help="which simulated patient")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("output/demo"),
        metavar="DIR",
        help="result folder; a former result is replaced",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cli.score_request import ScoreRequest
    from prognosis.cli.scoring import lesion_table, score_to_folder, summary
    from prognosis.files import result_folder
    from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort

    if (arguments.image is None) != (arguments.lesions is None):
        raise UsageError("Your own patient needs a CT and its lesions.", remedy="Give both --image and --lesions.")
    image, lesions = arguments.image, arguments.lesions
    if image is None:
        output = arguments.output.absolute()
        simulated = output.with_name(f"{output.name}-patient")
        with result_folder(simulated, known_by="truth.csv", overwrite=True) as folder:
            write_cohort(LesionPhantomOptions(patients=1, seed=arguments.seed), folder)
        patient_folder = next(path for path in sorted(simulated.iterdir()) if path.is_dir())
        image = patient_folder / "image.nrrd"
        lesions = min(patient_folder.glob("lesions*.seg.nrrd"))
    request = ScoreRequest(
        image=image,
        lesions=lesions,
        series=arguments.series,
        choice=lesion_choice(arguments),
        model=arguments.model,
    )
    patient = score_to_folder(request, arguments.output, console.progress, overwrite=True)
    console.say(lesion_table(patient))
    console.say(summary(patient))
    for warning in patient.warnings:
        console.warn(warning)
    console.say(f"Report: {arguments.output.absolute() / 'report.html'}")
    console.result({"report": str(arguments.output / "report.html"), "risk": patient.risk})
    return 0
