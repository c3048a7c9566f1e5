"""`prognosis models`: what models there are, whether they are whole, and what they say of themselves."""

import argparse
from pathlib import Path

from prognosis.bundles.archive import unpack_bundle
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.card import model_card
from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle, list_bundles, user_models_folder
from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb
from prognosis.errors import ModelError, PrognosisError


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    models = verbs.add_parser("models", help="models on this computer")
    kinds = models.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = add_verb(kinds, "list", common, summary="list the models found", example="prognosis models list")
    listing.set_defaults(run=_list)
    verify = add_verb(
        kinds, "verify", common, summary="verify models, all by default", example="prognosis models verify my-model"
    )
    verify.add_argument("model", nargs="*", help="names or folders")
    verify.set_defaults(run=_verify)
    card = add_verb(
        kinds, "card", common, summary="print a model's card", example="prognosis models card lesions-demonstration"
    )
    card.add_argument("model", help="name or folder")
    card.set_defaults(run=_card)
    importing = add_verb(
        kinds, "import", common, summary="install a model that came as a .zip", example="prognosis models import m.zip"
    )
    importing.add_argument("archive", type=Path, help="a .zip file that holds one model")
    importing.set_defaults(run=_import)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    entries = list_bundles()
    documents = []
    for entry in entries:
        bundle = entry.bundle
        if bundle is None:
            console.say(f"{entry.folder.name:<28} CANNOT BE USED: {entry.problem}")
        else:
            mark = "  DEMONSTRATION" if bundle.manifest.demonstration else ""
            console.say(
                f"{bundle.manifest.name:<28} {bundle.manifest.method:<11} version {bundle.manifest.version}{mark}\n"
                f"    {entry.folder} ({entry.source.value})"
            )
        documents.append(
            {
                "name": bundle.manifest.name if bundle else entry.folder.name,
                "method": str(bundle.manifest.method) if bundle else None,
                "demonstration": bundle.manifest.demonstration if bundle else None,
                "folder": str(entry.folder),
                "problem": entry.problem,
            }
        )
    if not entries:
        console.say("No model was found.")
    console.result(documents)
    return 0


def _verify(arguments: argparse.Namespace, console: Console) -> int:
    faults: dict[str, str | None] = {}
    if arguments.model:
        for name in arguments.model:
            try:
                _find(name)
                faults[name] = None
            except PrognosisError as error:
                faults[name] = str(error)
    else:
        faults = {str(entry.folder): entry.problem for entry in list_bundles()}
    for name, fault in faults.items():
        console.say(f"{name}: {fault or 'whole'}")
    console.result(faults)
    return int(any(faults.values()))


def _card(arguments: argparse.Namespace, console: Console) -> int:
    bundle = _find(arguments.model)
    card = model_card(bundle.manifest)
    console.say(card)
    console.result({"name": bundle.manifest.name, "sha256": bundle.sha256, "card": card})
    return 0


def _import(arguments: argparse.Namespace, console: Console) -> int:
    folder = user_models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    bundle = unpack_bundle(arguments.archive, folder)
    console.say(f"Installed {bundle.manifest.name}: {bundle.folder}")
    console.result({"name": bundle.manifest.name, "folder": str(bundle.folder)})
    return 0


def _find(name: str) -> Bundle:
    """Find a model whatever its method is."""
    problems = []
    for method in Method:
        try:
            return find_bundle(name, method=method)
        except ModelError as error:
            problems.append(error)
    raise problems[0]
