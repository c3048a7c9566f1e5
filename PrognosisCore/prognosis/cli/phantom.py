"""`prognosis phantom`: simulated patients whose true risk is known."""

import argparse

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb
from prognosis.files import result_folder


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    phantoms = verbs.add_parser("phantom", help="write a cohort of simulated patients")
    kinds = phantoms.add_subparsers(title="kinds", metavar="KIND", required=True)
    parser = add_verb(
        kinds,
        "lesions",
        common,
        summary="write chest-like CTs with lesions whose hazard is known",
        example="prognosis phantom lesions --patients 20 --seed 1 --output phantom",
    )
    parser.add_argument("--patients", type=int, default=20, metavar="N", help="how many (default 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--world", choices=("sum", "largest", "null"), default="sum", help="what the hazard depends on")
    add_output(parser, "folder for cohort.csv and the patients")
    parser.set_defaults(run=_lesions)


def _lesions(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.phantoms.lesions import LesionPhantomOptions, World, write_cohort

    options = LesionPhantomOptions(patients=arguments.patients, seed=arguments.seed, world=World(arguments.world))
    with result_folder(arguments.output, known_by="truth.csv", overwrite=arguments.overwrite) as folder:
        write_cohort(options, folder, lambda done, total: console.progress("drawing patients", done, total))
    table = arguments.output / "cohort.csv"
    console.say(f"{arguments.patients} simulated patients: {table}")
    console.result({"cohort": str(table), "patients": arguments.patients})
    return 0
