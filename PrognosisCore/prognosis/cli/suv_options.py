"""Arguments for what a PET header lacks on the way to SUV."""

import argparse

from prognosis.cli.options import number
from prognosis.imaging.pet.given import SuvGiven


def add_suv_given(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weight-kg", type=number, metavar="KG", help="body weight for SUV, in place of the PET header's"
    )
    parser.add_argument(
        "--dose-bq",
        type=number,
        metavar="BQ",
        help="activity administered for SUV, in becquerels (370 MBq: 370e6), in place of the PET header's",
    )
    parser.add_argument(
        "--suv-factor",
        type=number,
        metavar="F",
        help="what the rescaled values of the PET are multiplied by to be SUV, in place of all of its header",
    )


def suv_given(arguments: argparse.Namespace) -> SuvGiven:
    """Read what was given by hand from parsed arguments.

    Raises:
        UsageError: A value is no sensible one, or a factor comes with values it replaces.
    """
    return SuvGiven(arguments.weight_kg, arguments.dose_bq, arguments.suv_factor)
