"""`prognosis models`: what models there are, whether they are whole, and what they say of themselves."""

import argparse
from pathlib import Path

from prognosis.bundles.archive import unpack_bundle
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.card import model_card
from prognosis.bundles.manifest import is_bundle_name
from prognosis.bundles.model_used import Description
from prognosis.bundles.store import find_any_bundle, list_bundles, user_models_folder
from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb
from prognosis.errors import PrognosisError, UsageError

_CHECKPOINTS = (".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_AUTO = "auto"
_KINDS = (_AUTO, "stylegan2-ada", "rosinality", "genforce", "vgg16", "resnet")


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
        kinds,
        "import",
        common,
        summary="install a model: a .zip, or another program's network read as data",
        example="prognosis models import ffhq.pkl --kind stylegan2-ada --name ffhq",
    )
    importing.add_argument("file", type=Path, help="a .zip that holds one model, or a .pt, .pth or .pkl checkpoint")
    importing.add_argument(
        "--kind", choices=_KINDS, default=_AUTO, metavar="K", help=f"of a checkpoint: {', '.join(_KINDS)}"
    )
    importing.add_argument("--name", metavar="N", help="the model's name (for checkpoints, which have none)")
    importing.add_argument("--licence", metavar="TEXT", help="the licence of the checkpoint")
    importing.add_argument("--half", action="store_true", help="store the checkpoint's weights in 16 bits")
    importing.add_argument(
        "--output", type=Path, metavar="DIR", help="the model's folder (default: its name among your models)"
    )
    importing.add_argument("--overwrite", action="store_true", help="replace a model of that name")
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
                f"    {bundle.manifest.architecture.kind}, {entry.folder} ({entry.source.value})"
            )
        documents.append(
            {
                "name": bundle.manifest.name if bundle else entry.folder.name,
                "method": str(bundle.manifest.method) if bundle else None,
                "kind": str(bundle.manifest.architecture.kind) if bundle else None,
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
                find_any_bundle(name)
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
    bundle = find_any_bundle(arguments.model)
    card = model_card(bundle.manifest)
    console.say(card)
    console.result({"name": bundle.manifest.name, "sha256": bundle.sha256, "card": card})
    return 0


def _import(arguments: argparse.Namespace, console: Console) -> int:
    foreign = arguments.kind != _AUTO or arguments.file.suffix.lower() in _CHECKPOINTS
    bundle, notes = _import_checkpoint(arguments) if foreign else (_import_archive(arguments), ())
    console.say("\n".join([f"Installed {bundle.manifest.name}: {bundle.folder}", *notes]))
    console.result({"name": bundle.manifest.name, "folder": str(bundle.folder), "notes": notes})
    return 0


def _import_archive(arguments: argparse.Namespace) -> Bundle:
    if arguments.name or arguments.licence or arguments.half or arguments.output:
        raise UsageError(
            "A zipped model has a name, a licence and a folder of its own.",
            remedy="Leave out --name, --licence, --half and --output, or say with --kind what checkpoint the file is.",
        )
    folder = user_models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return unpack_bundle(arguments.file, folder, overwrite=arguments.overwrite)


def _import_checkpoint(arguments: argparse.Namespace) -> tuple[Bundle, tuple[str, ...]]:
    """The bundle, and what was left out or changed."""
    from prognosis.portraits.importing import INTENDED_USE, ForeignNetwork, import_network, notes_of

    if not arguments.name or not is_bundle_name(arguments.name):
        raise UsageError(
            "A checkpoint needs a name to be called by.",
            remedy="Add --name with up to 100 letters, digits, dots, dashes and underscores.",
        )
    bundle = import_network(
        arguments.file,
        arguments.output or user_models_folder() / arguments.name,
        Description(arguments.name, licence=arguments.licence or "not stated", intended_use=INTENDED_USE),
        network=None if arguments.kind == _AUTO else ForeignNetwork(arguments.kind),
        half=arguments.half,
        overwrite=arguments.overwrite,
    )
    return bundle, notes_of(bundle.manifest)
