"""`prognosis portraits finetune`: a generator of faces trained on one's own photos."""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb, input_path
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError
from prognosis.files import only_one_run, require_free_space, require_replaceable, write_bytes, write_json

if TYPE_CHECKING:
    from torch import Tensor

    from prognosis.bundles.model_used import Description
    from prognosis.portraits.comparing.features import FeatureNetwork
    from prognosis.portraits.finetuning.options import FinetuneOptions
    from prognosis.portraits.finetuning.photo_set import PhotoSet
    from prognosis.portraits.finetuning.training import Finetuned, Start
    from prognosis.portraits.stylegan2.options import GeneratorOptions
    from prognosis.training.team import Team

CONSENT = (
    "Use photos only with consent; nothing leaves this machine. A generator trained on few photos can repeat them: "
    "handle the model as you handle the photos."
)

_PACKED = "photos.npy"
_GRIDS = "grids"
_GRID_COLUMNS = 8
_IN_MEMORY_BYTES = 2_000_000_000
_COLOURS = 3
_STATE_BYTES = 400_000_000
_SIZE_SUFFIX = ".toml"
_AUGMENT = ("adaptive", "fixed", "none")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "finetune",
        common,
        summary="train a generator of faces on your own photos",
        example="prognosis portraits finetune aligned/ --from ffhq --output my-generator",
    )
    parser.add_argument(
        "photos", type=input_path, nargs="+", metavar="PHOTOS", help="aligned faces, and folders with them"
    )
    parser.add_argument(
        "--from",
        dest="start",
        required=True,
        metavar="GENERATOR",
        help="the generator to begin with, or a .toml file with the size of a new one (resolution, z_dim, ...)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="BUNDLE", help="folder for the model")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument("--images", type=int, metavar="N", help="photos shown in all (default 200000)")
    parser.add_argument("--batch", type=int, metavar="N", help="photos a step, over all processes (default 32)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="of both networks (default 0.0025)")
    parser.add_argument(
        "--augment", choices=_AUGMENT, help="random changes that spare few photos from being learnt by heart"
    )
    parser.add_argument(
        "--freeze-discriminator", type=int, metavar="K", help="blocks of the discriminator that keep their weights"
    )
    parser.add_argument(
        "--freeze-mapping", action="store_const", const=True, help="keep the mapping from z to w as it is"
    )
    parser.add_argument("--features", metavar="MODEL", help="imported VGG16 that distances are measured by")
    parser.add_argument("--precision", metavar="P", help="auto, float32 or bfloat16 (default auto)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    parser.add_argument("--cohort-description", default="the user's own photos", metavar="TEXT", help="for the card")
    parser.add_argument("--licence", default="not stated", help="for the card")
    parser.add_argument("--demonstration", action="store_true", help="mark every result as a demonstration")
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.portraits.faces.photo_list import list_photos
    from prognosis.training.device import choose_device
    from prognosis.training.team import joined

    options = _options(arguments)
    output = arguments.output.absolute()
    description = _description(arguments, output)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    state = output.with_name(f"{output.name}.training")
    photos = list_photos(arguments.photos, leave_out=state)
    start, features = _start(arguments.start, options.seed), _features(arguments.features)
    with joined(choose_device(options.device)) as team:
        if team.leads:
            console.say(CONSENT)
        with _held(state, team):
            if team.leads:
                require_free_space(state, _STATE_BYTES)
                write_json(state / "options.json", as_plain(options))
            trained = _trained(arguments, console, photos, start, options, features, state, team)
            if team.leads:
                _save(arguments, console, trained, description, state, output)
            team.wait()
    if team.leads:
        shutil.rmtree(state)
    return 0


@contextmanager
def _held(state: Path, team: "Team") -> Iterator[None]:
    """Hold the state's folder: the first process for all."""
    if not team.leads:
        yield
        return
    with only_one_run(state):
        yield


def _options(arguments: argparse.Namespace) -> "FinetuneOptions":
    from prognosis.portraits.finetuning.options import FinetuneOptions

    flags = (
        "images", "batch", "learning_rate", "augment", "freeze_discriminator", "freeze_mapping", "precision", "seed",
        "device",
    )  # fmt: skip
    return resolve(FinetuneOptions, arguments.config, {name: getattr(arguments, name) for name in flags})


def _description(arguments: argparse.Namespace, output: Path) -> "Description":
    """What the card says, checked before hours are spent."""
    from prognosis.bundles.manifest import is_bundle_name
    from prognosis.bundles.model_used import Description

    name = arguments.name or output.name
    if not is_bundle_name(name):
        raise UsageError(
            f"'{name}' cannot be a model's name.",
            remedy="Give --name with up to 100 letters, digits, dots, dashes and underscores.",
        )
    if not arguments.cohort_description.strip() or not arguments.licence.strip():
        raise UsageError("The model's card needs words.", remedy="Fill --cohort-description and --licence.")
    return Description(
        name=name,
        demonstration=arguments.demonstration,
        licence=arguments.licence,
        intended_use="Research on portraits and survival. Not for diagnosis or treatment, nor to show real people.",
    )


def _start(given: str, seed: int) -> "Start":
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.portraits.finetuning.training import Start, new_start
    from prognosis.portraits.generator_bundle import load_discriminator, load_generator

    if given.lower().endswith(_SIZE_SUFFIX):
        return new_start(_size(Path(given)), seed)
    bundle = find_bundle(given, method=Method.PORTRAITS, kind=ArchitectureKind.STYLEGAN2_GENERATOR)
    manifest = bundle.manifest
    return Start(load_generator(bundle), load_discriminator(bundle), manifest.name, manifest.demonstration)


def _size(file: Path) -> "GeneratorOptions":
    from prognosis.portraits.finetuning.new_size import NewSize

    return resolve(NewSize, file).options


def _features(given: str | None) -> "FeatureNetwork | None":
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.portraits.comparing.features import vgg16_features
    from prognosis.portraits.vgg16 import load_vgg16

    if given is None:
        return None
    bundle = find_bundle(given, method=Method.PORTRAITS, kind=ArchitectureKind.FEATURES_VGG16)
    return vgg16_features(load_vgg16(bundle), bundle.manifest.name)


def _trained(
    arguments: argparse.Namespace,
    console: Console,
    photos: Sequence[Path],
    start: "Start",
    options: "FinetuneOptions",
    features: "FeatureNetwork | None",
    state: Path,
    team: "Team",
) -> "Finetuned":
    from prognosis.portraits.finetuning.training import finetune
    from prognosis.progress import silent

    with _read(photos, start.generator.options.resolution, state, console, team) as read:
        return finetune(
            read,
            start,
            options,
            cohort=arguments.cohort_description,
            features=features,
            team=team,
            state_folder=state,
            progress=console.progress if team.leads else silent,
            show=lambda shown, images: _keep_grid(state, shown, images),
        )


@contextmanager
def _read(photos: Sequence[Path], resolution: int, state: Path, console: Console, team: "Team") -> Iterator["PhotoSet"]:
    """Photos in memory; many of them in a file that all processes share and that goes with the run, however it ends."""
    from prognosis.portraits.finetuning.photo_set import map_photo_set, read_photo_set

    needed = len(photos) * resolution**2 * _COLOURS
    packed = state / _PACKED if team.size > 1 or needed > _IN_MEMORY_BYTES else None
    if not team.leads:
        team.wait()
        yield map_photo_set(state / _PACKED, resolution)
        return
    try:
        if packed is not None:
            require_free_space(state, needed)
        read = read_photo_set(photos, resolution, packed=packed, progress=console.progress)
        team.wait()
        yield read
    finally:
        (state / _PACKED).unlink(missing_ok=True)


def _keep_grid(state: Path, shown: int, images: "Tensor") -> None:
    from prognosis.portraits.comparing.grids import marked_png, sample_grid

    folder = state / _GRIDS
    folder.mkdir(exist_ok=True)
    picture = marked_png(sample_grid(images, columns=_GRID_COLUMNS), "Faces of a generator in training")
    write_bytes(folder / f"{shown:010d}.png", picture)


def _save(
    arguments: argparse.Namespace,
    console: Console,
    trained: "Finetuned",
    description: "Description",
    state: Path,
    output: Path,
) -> None:
    from prognosis.portraits.finetuning.finetuned_bundle import save_finetuned

    bundle = save_finetuned(output, trained, description, half=arguments.half, overwrite=arguments.overwrite)
    for warning in trained.warnings:
        console.warn(warning)
    for name, metric in trained.metrics.items():
        console.say(f"{name} {metric.estimate:.4f} ({metric.low:.4f} to {metric.high:.4f}), {metric.how}")
    console.say(f"Model: {bundle.folder}")
    console.result(
        {
            "model": str(bundle.folder),
            "sha256": bundle.sha256,
            "metrics": {name: metric.estimate for name, metric in trained.metrics.items()},
            "warnings": list(trained.warnings),
        }
    )
