"""`prognosis phantom`: simulated patients whose true risk is known."""

import argparse
from collections.abc import Callable
from pathlib import Path

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb
from prognosis.files import result_folder

Told = Callable[[int, int], None]


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    phantoms = verbs.add_parser("phantom", help="write a cohort of simulated patients")
    kinds = phantoms.add_subparsers(title="kinds", metavar="KIND", required=True)
    _add_lesions(kinds, common)
    _add_petct(kinds, common)
    _add_portraits(kinds, common)


def _add_lesions(kinds: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        kinds,
        "lesions",
        common,
        summary="write chest-like CTs with lesions whose hazard is known",
        example="prognosis phantom lesions --patients 20 --seed 1 --output phantom",
    )
    _add_cohort(parser)
    parser.add_argument("--world", choices=("sum", "largest", "null"), default="sum", help="what the hazard depends on")
    parser.set_defaults(run=_lesions)


def _add_petct(kinds: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        kinds,
        "petct",
        common,
        summary="write chest-like PET/CTs whose log odds of death are known",
        example="prognosis phantom petct --patients 20 --seed 1 --output phantom",
    )
    _add_cohort(parser)
    parser.add_argument(
        "--world", choices=("periphery", "null"), default="periphery", help="what death depends on (default periphery)"
    )
    parser.add_argument("--followup", action="store_true", help="draw a later CT of each patient too")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="how many to draw at once (default 1)")
    parser.set_defaults(run=_petct)


def _add_portraits(kinds: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        kinds,
        "portraits",
        common,
        summary="draw portraits of no one whose signs of age and illness are known",
        example="prognosis phantom portraits --patients 20 --seed 1 --output phantom",
    )
    _add_cohort(parser)
    parser.add_argument("--side", type=int, default=64, metavar="PX", help="of a portrait, 64 to 1024 (default 64)")
    parser.add_argument(
        "--covered", type=float, default=0.0, metavar="SHARE", help="share with a mask, and with a cap (default 0)"
    )
    parser.set_defaults(run=_portraits)


def _add_cohort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patients", type=int, default=20, metavar="N", help="how many (default 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of everything random (default 0)")
    add_output(parser, "folder for cohort.csv and the patients")


def _lesions(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.phantoms.lesions import LesionPhantomOptions, World, write_cohort

    options = LesionPhantomOptions(patients=arguments.patients, seed=arguments.seed, world=World(arguments.world))
    return _write(arguments, console, lambda folder, told: write_cohort(options, folder, told))


def _petct(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.phantoms.petct import PetctPhantomOptions, World, write_cohort

    options = PetctPhantomOptions(
        patients=arguments.patients,
        seed=arguments.seed,
        world=World(arguments.world),
        followup=arguments.followup,
    )
    workers: int = arguments.workers
    return _write(arguments, console, lambda folder, told: write_cohort(options, folder, told, workers=workers))


def _portraits(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.config import resolve
    from prognosis.phantoms.portraits import PortraitPhantomOptions, write_cohort

    given = {name: getattr(arguments, name) for name in ("patients", "seed", "side", "covered")}
    options = resolve(PortraitPhantomOptions, None, given)
    return _write(arguments, console, lambda folder, told: write_cohort(options, folder, told))


def _write(arguments: argparse.Namespace, console: Console, write: Callable[[Path, Told], Path]) -> int:
    with result_folder(arguments.output, known_by="truth.csv", overwrite=arguments.overwrite) as folder:
        write(folder, lambda done, total: console.progress("drawing patients", done, total))
    table = arguments.output / "cohort.csv"
    console.say(f"{arguments.patients} simulated patients: {table}")
    console.result({"cohort": str(table), "patients": arguments.patients})
    return 0
