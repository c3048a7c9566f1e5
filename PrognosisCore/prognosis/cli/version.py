"""`prognosis version`: the versions that results record."""

import argparse

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb
from prognosis.provenance import versions


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs, "version", common, summary="print the versions that results record", example="prognosis version --json"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    found = versions()
    for name, number in found.items():
        console.say(f"{name} {number}")
    console.result(found)
    return 0
