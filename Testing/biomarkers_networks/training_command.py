"""`prognosis biomarkers train` by itself, whose errors are not turned into exit codes."""

import argparse

from prognosis.cli import biomarkers_train
from prognosis.cli.console import Console


def run(arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", choices=("auto", "json"), default="auto")
    parser = argparse.ArgumentParser()
    biomarkers_train.add_to(parser.add_subparsers(required=True), common)
    parsed = parser.parse_args([str(argument) for argument in arguments])
    with Console.of(parsed) as console:
        return parsed.run(parsed, console)
