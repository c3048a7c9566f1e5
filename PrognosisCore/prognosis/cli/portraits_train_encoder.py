"""`prognosis portraits train-encoder`: a fast first guess of latents, learnt from a generator's own faces."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.model_description import require_model_name
from prognosis.cli.options import Verbs, add_config, add_verb
from prognosis.config import as_plain, resolve
from prognosis.files import only_one_run, require_free_space, require_replaceable, write_json
from prognosis.portraits.encoding.options import EncoderTrainingOptions

if TYPE_CHECKING:
    import torch

    from prognosis.bundles.bundle import Bundle
    from prognosis.portraits.comparing.features import FeatureNetwork

_FLAGS = ("steps", "batch", "learning_rate", "feature_share", "feature_images", "seed", "device")
_OPTIONS = "options.json"
_LARGEST_STATE_BYTES = 500_000_000


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "train-encoder",
        common,
        summary="train an encoder on a generator's own faces: a fast first guess of a photo's latents",
        example="prognosis portraits train-encoder my-generator --output my-generator-with-encoder",
    )
    parser.add_argument("model", metavar="MODEL", help="name or folder of a generator")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="BUNDLE",
        help="folder for the generator with its encoder; BUNDLE.training beside it holds what an interrupted training "
        "goes on from",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    add_config(parser, EncoderTrainingOptions)
    parser.add_argument(
        "--features",
        metavar="M",
        help="name or folder of a VGG16 to compare faces by (default: the generator's discriminator, where it has one)",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="steps of training (default 5000)")
    parser.add_argument("--batch", type=int, metavar="N", help="faces a step (default 64)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="highest learning rate (default 0.002)")
    parser.add_argument(
        "--feature-share",
        type=float,
        metavar="S",
        help="share of the steps, the last ones, that compare faces as well as latents (default 0.5; 0 for none)",
    )
    parser.add_argument(
        "--feature-images", type=int, metavar="N", help="faces of such a step that are compared (default 16)"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--name", help="the new model's name (default: the folder's)")
    parser.add_argument("--half", action="store_true", help="store the encoder in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.training.checkpoint import is_begun
    from prognosis.training.device import choose_device

    options = resolve(EncoderTrainingOptions, arguments.config, {name: getattr(arguments, name) for name in _FLAGS})
    device = choose_device(options.device)
    output = arguments.output.absolute()
    require_model_name(arguments.name or output.name)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    bundle = find_bundle(arguments.model, method=Method.PORTRAITS, kind=ArchitectureKind.STYLEGAN2_GENERATOR)
    features = _features(arguments.features, bundle, device)
    state = output.with_name(f"{output.name}.training")
    with only_one_run(state):
        require_free_space(state, _LARGEST_STATE_BYTES)
        if arguments.overwrite or not is_begun(state):
            write_json(state / _OPTIONS, as_plain(options))
        _train(arguments, console, bundle, features, options, output, state, device)
    shutil.rmtree(state)
    return 0


def _features(named: str | None, bundle: "Bundle", device: "torch.device") -> "FeatureNetwork | None":
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.portraits.comparing.features import bundled_vgg16, discriminator_features
    from prognosis.portraits.generator_bundle import load_discriminator

    if named is not None:
        vgg16 = find_bundle(named, method=Method.PORTRAITS, kind=ArchitectureKind.FEATURES_VGG16)
        return bundled_vgg16(vgg16, device)
    discriminator = load_discriminator(bundle)
    return None if discriminator is None else discriminator_features(discriminator.to(device), bundle.manifest.name)


def _train(
    arguments: argparse.Namespace,
    console: Console,
    bundle: "Bundle",
    features: "FeatureNetwork | None",
    options: EncoderTrainingOptions,
    output: Path,
    state: Path,
    device: "torch.device",
) -> None:
    from prognosis.portraits.encoding.encoder_bundle import write_with_encoder
    from prognosis.portraits.encoding.training import train_encoder
    from prognosis.portraits.generator_bundle import load_generator
    from prognosis.report.wording import DEMONSTRATION, NO_FINDING_OF_A_DEMONSTRATION

    generator = load_generator(bundle).to(device)
    trained = train_encoder(
        generator,
        features,
        options,
        state_folder=state,
        progress=console.progress,
        replaces_state=arguments.overwrite,
    )
    written = write_with_encoder(
        bundle,
        trained,
        output,
        name=arguments.name or output.name,
        half=arguments.half,
        overwrite=arguments.overwrite,
    )
    for warning in trained.warnings:
        console.warn(warning)
    if written.manifest.demonstration:
        console.warn(f"{DEMONSTRATION}. {NO_FINDING_OF_A_DEMONSTRATION}")
    for name, metric in trained.metrics.items():
        console.say(f"{name} {metric.estimate:.3f} ({metric.low:.3f} to {metric.high:.3f}), {metric.how}")
    console.say(f"Model: {written.folder}")
    console.result(
        {
            "model": str(written.folder),
            "sha256": written.sha256,
            "demonstration": written.manifest.demonstration,
            "metrics": {name: metric.estimate for name, metric in trained.metrics.items()},
            "warnings": list(trained.warnings),
        }
    )
