"""Arguments of every command that runs over the rows of a table."""

import argparse
import math
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from prognosis.cli.options import input_path, number

HOW_IT_RUNS = ("workers", "case_timeout", "until")


def add_cohort(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--cohort` and how it runs, for a command that takes one patient or many.

    Args:
        what: Columns of the table, in words.
    """
    group = parser.add_argument_group("a whole cohort")
    group.add_argument("--cohort", type=input_path, metavar="TABLE", help=what)
    add_how_it_runs(group)


def add_how_it_runs(group: Any) -> None:
    """Add what says how a batch runs to a parser or a group of one."""
    group.add_argument(
        "--workers", type=count, metavar="N", help="cases at once (default: one a processor, as memory allows)"
    )
    group.add_argument("--case-timeout", type=_seconds, metavar="SECONDS", help="give up a case that takes longer")
    group.add_argument(
        "--until",
        type=clock_time,
        metavar="HH:MM",
        help="start no case after this time; the next run goes on from there",
    )


def given(arguments: argparse.Namespace, names: Sequence[str]) -> str:
    """The flags among some that were given, '' for none."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in names if getattr(arguments, name) is not None)


def count(text: str) -> int:
    """A number of 1 or more, for `type=` of an argument."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    value = number(text)
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time in seconds")
    return value


def clock_time(text: str) -> time:
    """A time of day, for `type=` of an argument."""
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no time of day such as 06:30") from error
