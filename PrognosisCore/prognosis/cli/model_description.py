"""What a person decides about a model that a command trains: its flags, checked before hours are spent."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.errors import UsageError

if TYPE_CHECKING:
    from prognosis.bundles.model_used import Description


def add_description(parser: argparse.ArgumentParser, *, trained_on: str = "the user's own cohort") -> None:
    """Add the flags that `described` reads.

    Args:
        trained_on: What the card says where the user says nothing.
    """
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    parser.add_argument("--cohort-description", default=trained_on, metavar="TEXT", help="for the card")
    parser.add_argument("--licence", default="not stated", help="for the card")
    parser.add_argument("--demonstration", action="store_true", help="mark every result as a demonstration")


def described(arguments: argparse.Namespace, output: Path, *, intended_use: str) -> "Description":
    """What the card says.

    Raises:
        UsageError: The name cannot be a model's, or words are missing.
    """
    from prognosis.bundles.model_used import Description

    name = arguments.name or output.name
    require_model_name(name)
    if not arguments.cohort_description.strip() or not arguments.licence.strip():
        raise UsageError("The model's card needs words.", remedy="Fill --cohort-description and --licence.")
    return Description(
        name=name,
        demonstration=arguments.demonstration,
        licence=arguments.licence,
        intended_use=intended_use,
        cohort=arguments.cohort_description,
    )


def require_model_name(name: str) -> None:
    """Refuse a name no model can have.

    Raises:
        UsageError: It is one.
    """
    from prognosis.bundles.manifest import is_bundle_name

    if not is_bundle_name(name):
        raise UsageError(
            f"'{name}' cannot be a model's name.",
            remedy="Give --name with up to 100 letters, digits, dots, dashes and underscores.",
        )
