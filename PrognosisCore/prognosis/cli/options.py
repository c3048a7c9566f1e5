"""Arguments that several commands take, declared once."""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

from prognosis.engines.engine import Engine
from prognosis.errors import UsageError
from prognosis.imaging.lesion_choice import LesionChoice

Verbs = Any


def add_verb(
    verbs: Verbs, name: str, common: argparse.ArgumentParser, *, summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command whose help ends with an example."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        parents=[common],
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help=what)
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")


def add_config(parser: Any, options: type) -> None:
    """Add a file of options, its names told.

    Args:
        parser: A parser or a group of one.
        options: The dataclass whose fields the file may set.
    """
    told = ", ".join(field.name for field in dataclasses.fields(options))
    parser.add_argument(
        "--config",
        type=Path,
        metavar="TOML",
        help=f"options in a file, one 'name = value' a line, of {told}; flags win",
    )


def add_lesion_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lesion-names", type=names, default=(), metavar="PATTERNS", help="names to take, such as 'Tumor*,LN*'"
    )
    parser.add_argument(
        "--lesion-labels", type=_integers, default=(), metavar="VALUES", help="label values to take, such as 1,3"
    )
    parser.add_argument("--split-components", action="store_true", help="make each island a lesion of its own")
    parser.add_argument(
        "--min-volume-mm3",
        type=_volume,
        default=0.0,
        metavar="V",
        help="leave out smaller islands when splitting",
    )


def lesion_choice(arguments: argparse.Namespace) -> LesionChoice:
    """Read the choice of lesions from parsed arguments.

    Raises:
        UsageError: A smallest volume is given without splitting.
    """
    if arguments.min_volume_mm3 and not arguments.split_components:
        raise UsageError("--min-volume-mm3 leaves out islands.", remedy="Add --split-components, or leave it out.")
    return LesionChoice(
        names=arguments.lesion_names,
        labels=arguments.lesion_labels,
        split_components=arguments.split_components,
        min_volume_mm3=arguments.min_volume_mm3,
    )


def add_scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="M", help="name or folder of a model (default: yours, else the demonstration)"
    )
    parser.add_argument(
        "--engine", type=Engine, choices=list(Engine), default=Engine.AUTO, metavar="E", help="auto, openvino or torch"
    )
    parser.add_argument(
        "--show-demonstration-numbers",
        action="store_true",
        help="show percentiles and curves of a demonstration model on a patient's image, watermarked",
    )


def input_path(text: str) -> Path:
    """The path of an input."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def number(text: str) -> float:
    """A number, be it infinite or none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in names(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of whole numbers") from error


def _volume(text: str) -> float:
    value = number(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no volume")
    return value
