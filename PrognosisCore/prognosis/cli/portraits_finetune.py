"""`prognosis portraits finetune`: a generator of faces trained on one's own photos."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.model_description import add_description, described
from prognosis.cli.options import Verbs, add_config, add_verb, input_path
from prognosis.cli.portraits_align_files import aligned_photos
from prognosis.cli.portraits_finetune_inputs import features_of, read_photos, start_of
from prognosis.cli.portraits_finetune_report import keep_grid, write_report
from prognosis.config import as_plain, resolve
from prognosis.files import require_free_space, require_replaceable, write_json
from prognosis.portraits.finetuning.options import FinetuneOptions

if TYPE_CHECKING:
    from prognosis.bundles.model_used import Description
    from prognosis.portraits.comparing.features import FeatureNetwork
    from prognosis.portraits.finetuning.training import Finetuned, Start
    from prognosis.training.team import Team

CONSENT = (
    "Use photos only with consent; nothing leaves this machine. A generator trained on few photos can repeat them: "
    "handle the model as you handle the photos."
)

_INTENDED_USE = "Research on portraits and survival. Not for diagnosis or treatment, nor to show real people."
_STATE_BYTES_PER_PARAMETER = 64
"""Of a generator: itself, its average and a discriminator of about its size, two moments of what learns, all in 32 bits
and twice while a checkpoint replaces another; then the model."""

_OPTIONS = "options.json"
_AUGMENT = ("adaptive", "fixed", "none")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "finetune",
        common,
        summary="train a generator of faces on your own photos",
        example="prognosis portraits finetune aligned/ --from ffhq --output my-generator\n"
        "  torchrun --nproc-per-node 8 -m prognosis portraits finetune ...   (on 8 graphics processors)",
    )
    parser.add_argument(
        "photos", type=input_path, nargs="+", metavar="PHOTOS", help="aligned faces, and folders with them"
    )
    parser.add_argument(
        "--from",
        dest="start",
        required=True,
        metavar="GENERATOR",
        help="the generator to begin with, or a .toml file with the size of a new one: resolution = 64, z_dim, w_dim, "
        "channel_base, channel_max, mapping_layers",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="BUNDLE",
        help="folder for the model; BUNDLE.training beside it holds what an interrupted training goes on from",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    add_config(parser, FinetuneOptions)
    parser.add_argument(
        "--images", type=int, metavar="N", help="photos shown in all, each as often as it takes (default 200000)"
    )
    parser.add_argument("--batch", type=int, metavar="N", help="photos a step, over all processes (default 32)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="of both networks (default 0.0025)")
    parser.add_argument(
        "--augment",
        choices=_AUGMENT,
        help="random changes that keep few photos from being learnt by heart (default adaptive)",
    )
    parser.add_argument(
        "--freeze-discriminator", type=int, metavar="K", help="blocks of the discriminator that keep their weights"
    )
    parser.add_argument(
        "--freeze-mapping", action="store_const", const=True, help="keep the mapping from z to w as it is"
    )
    parser.add_argument(
        "--features",
        metavar="MODEL",
        help="imported VGG16 that distances are measured by (default: the discriminator as it starts)",
    )
    parser.add_argument("--precision", metavar="P", help="auto, float32 or bfloat16 (default auto)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    add_description(parser, trained_on="the user's own photos")
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.portraits.finetuning.loop import require_possible
    from prognosis.training.checkpoint import is_begun
    from prognosis.training.device import choose_device
    from prognosis.training.team import held, joined

    options = _options(arguments)
    output = arguments.output.absolute()
    description = described(arguments, output, intended_use=_INTENDED_USE)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    state = output.with_name(f"{output.name}.training")
    photos = aligned_photos(arguments.photos, state)
    start, features = start_of(arguments.start, options.seed), features_of(arguments.features)
    with joined(choose_device(options.device)) as team:
        require_possible(start.generator.options, options, team)
        if team.leads:
            console.say(f"{CONSENT}\nUntil it is done {state} keeps its state: the same command goes on from there.")
        with held(state, team):
            if team.leads:
                require_free_space(state, _state_bytes(start))
                if arguments.overwrite or not is_begun(state):
                    write_json(state / _OPTIONS, as_plain(options))
            trained = _trained(arguments, console, photos, start, options, features, state, team)
            if team.leads:
                _save(arguments, console, trained, description, options, state)
            team.wait()
    if team.leads:
        shutil.rmtree(state)
    return 0


def _options(arguments: argparse.Namespace) -> FinetuneOptions:
    flags = (
        "images", "batch", "learning_rate", "augment", "freeze_discriminator", "freeze_mapping", "precision", "seed",
        "device",
    )  # fmt: skip
    return resolve(FinetuneOptions, arguments.config, {name: getattr(arguments, name) for name in flags})


def _state_bytes(start: "Start") -> int:
    return sum(parameter.numel() for parameter in start.generator.parameters()) * _STATE_BYTES_PER_PARAMETER


def _trained(
    arguments: argparse.Namespace,
    console: Console,
    photos: Sequence[Path],
    start: "Start",
    options: FinetuneOptions,
    features: "FeatureNetwork | None",
    state: Path,
    team: "Team",
) -> "Finetuned":
    from prognosis.portraits.finetuning.training import finetune
    from prognosis.progress import silent

    with read_photos(photos, start.generator.options.resolution, state, console, team) as read:
        return finetune(
            read,
            start,
            options,
            cohort=arguments.cohort_description,
            features=features,
            team=team,
            state_folder=state,
            progress=console.progress if team.leads else silent,
            show=lambda shown, images: keep_grid(state, shown, images),
            replaces_state=arguments.overwrite,
        )


def _save(
    arguments: argparse.Namespace,
    console: Console,
    trained: "Finetuned",
    description: "Description",
    options: FinetuneOptions,
    state: Path,
) -> None:
    """Write bundle and report, and tell of them."""
    from prognosis.portraits.finetuning.finetuned_bundle import save_finetuned
    from prognosis.report.wording import DEMONSTRATION, NO_FINDING_OF_A_DEMONSTRATION

    output = arguments.output.absolute()
    bundle = save_finetuned(output, trained, description, half=arguments.half, overwrite=arguments.overwrite)
    report = output.with_name(f"{output.name}.report.html")
    write_report(report, bundle, trained, options, state)
    for warning in trained.warnings:
        console.warn(warning)
    if trained.demonstration and not description.demonstration:
        console.warn("It began with a demonstration or learnt from drawn photos: it is marked as a demonstration.")
    if bundle.manifest.demonstration:
        console.warn(f"{DEMONSTRATION}. {NO_FINDING_OF_A_DEMONSTRATION}")
    for name, metric in trained.metrics.items():
        console.say(f"{name} {metric.estimate:.4f} ({metric.low:.4f} to {metric.high:.4f}), {metric.how}")
    console.say(f"Report: {report}")
    console.say(f"Model: {bundle.folder}")
    console.result(
        {
            "model": str(bundle.folder),
            "sha256": bundle.sha256,
            "demonstration": bundle.manifest.demonstration,
            "metrics": {name: metric.estimate for name, metric in trained.metrics.items()},
            "report": str(report),
            "warnings": list(trained.warnings),
        }
    )
