"""A script that Slicer runs without a window: it asks nothing, installs nothing, and always comes to an exit code."""

import argparse
import logging
from collections.abc import Sequence

from prognosis_slicer import installing
from prognosis_slicer.unattended.command import cancelled_by_signals, run_command
from prognosis_slicer.unattended.log import log_file

LOG = logging.getLogger(__name__)

_FAILED, _WRONG_USE, _CANCELLED = 1, 2, 130


def score_cohort(verb: Sequence[str], arguments: Sequence[str]) -> int:
    """Score every patient of a table by the command line, and log what happens.

    Args:
        verb: The command, such as ("lesions", "score").
        arguments: Of the script. `--cohort` and `--output` must be among them, `--log` is read here, and the command
            takes all others.

    Returns:
        0 when every patient has a result, 1 when any has none, 2 on wrong use or when a package is missing, 130 when
        cancelled.
    """
    own = _after_double_dash(arguments)
    with log_file("score_cohort", own), cancelled_by_signals():
        code = _told(verb, own)
        LOG.info("Ended with exit code %d.", code)
    return code


def _told(verb: Sequence[str], arguments: Sequence[str]) -> int:
    try:
        return _score(verb, arguments)
    except KeyboardInterrupt:
        LOG.warning("Cancelled. What was finished is kept; the same command goes on from there.")
        return _CANCELLED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else _FAILED
    except Exception:
        LOG.exception("The run broke off. What was finished is kept; the same command goes on from there.")
        return _FAILED


def _score(verb: Sequence[str], arguments: Sequence[str]) -> int:
    options, more = _parser(verb).parse_known_args(arguments)
    installation = installing.slicers_installation()
    lacking = installation.missing()
    if lacking:
        LOG.error("Slicer's Python lacks %s.", ", ".join(map(str, lacking)))
        LOG.error("Run this once, then start again: %s", installation.command(lacking))
        return _WRONG_USE
    return run_command([*verb, "--cohort", options.cohort, "--output", options.output, *more])


def _after_double_dash(arguments: Sequence[str]) -> list[str]:
    """What is the script's own: `--` keeps Slicer from reading it."""
    words = list(arguments)
    return words[words.index("--") + 1 :] if "--" in words else words


class _Parser(argparse.ArgumentParser):
    """Writes help and complaints to the log."""

    def _print_message(self, message: str, _file: object = None) -> None:
        LOG.info("%s", message.rstrip())


def _parser(verb: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="score_cohort.py",
        allow_abbrev=False,
        epilog=f"All other options are those of: prognosis {' '.join(verb)} --cohort",
    )
    parser.add_argument("--cohort", required=True, metavar="TABLE", help="CSV with a row for each patient")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results; those there are kept")
    parser.add_argument("--log", metavar="FILE", help="file to log to (default: DIR.log)")
    return parser
