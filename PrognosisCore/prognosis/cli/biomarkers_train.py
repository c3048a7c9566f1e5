"""`prognosis biomarkers train`: a U-Net from the contours of one's own cohort."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.biomarkers.modality import Modality
from prognosis.cli.console import Console
from prognosis.cli.model_description import add_description, described
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, input_path, lesion_choice
from prognosis.config import as_plain, resolve
from prognosis.files import require_free_space, require_replaceable, write_json

if TYPE_CHECKING:
    from prognosis.biomarkers.networks.training import TrainedUNet, UNetTrainingOptions
    from prognosis.bundles.model_used import Description
    from prognosis.cohort.table import CohortRow
    from prognosis.imaging.lesion_choice import LesionChoice
    from prognosis.training.team import Team

_INTENDED_USE = "Research on what segmenting networks know of survival. Not for diagnosis, treatment or contours."
_SCALES = ("paper", "study", "quick")
_BYTES_PER_PARAMETER = 24  # weight and two moments in 32 bits, twice while a checkpoint replaces another
_LARGEST_NETWORK = 30_000_000


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "train",
        common,
        summary="train a U-Net to find tumours on PET or CT, by contours alone",
        example="prognosis biomarkers train cohort.csv --modality pet --output my-pet-unet --scale study",
    )
    parser.add_argument("cohort", type=input_path, help="table with patient_id, tumour, ct and pet; no outcome is read")
    parser.add_argument(
        "--modality", type=Modality, choices=list(Modality), required=True, metavar="M", help="what it reads: ct or pet"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="BUNDLE", help="folder for the model")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument(
        "--scale",
        choices=_SCALES,
        help="paper: the paper's U-Net, 100 epochs; study: the compact one, 30 epochs (default); quick: 8 epochs",
    )
    add_lesion_choice(parser)
    parser.add_argument("--architecture", metavar="A", help="paper or compact; wins over --scale")
    parser.add_argument("--norm", metavar="N", help="batch or instance normalisation (default batch)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the patients; wins over --scale")
    parser.add_argument("--folds", type=int, metavar="N", help="folds to measure contours out of fold; 0 for none")
    parser.add_argument("--batch", type=int, metavar="N", help="patients a step, over all processes (default 2)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="highest learning rate (default 0.001)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--spacing-mm", type=float, metavar="MM", help="voxel size of regions (default 1, the paper's)")
    parser.add_argument(
        "--scaled", action="store_const", const=True, help="enlarge voxels where a tumour would not fit its region"
    )
    add_description(parser)
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.biomarkers.networks.fitting import require_share_of_step
    from prognosis.training.device import choose_device
    from prognosis.training.team import held, joined

    options = _options(arguments)
    choice = lesion_choice(arguments)
    output = arguments.output.absolute()
    description = described(arguments, output, intended_use=_INTENDED_USE)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    state = output.with_name(f"{output.name}.training")
    with joined(choose_device(options.device)) as team, held(state, team):
        require_share_of_step(options.fitting, team)
        rows = _read_rows(arguments, console, team)
        if team.leads:
            require_free_space(state, _needed_bytes(len(rows), options))
            write_json(state / "options.json", as_plain(options))
        trained = _train(arguments, console, rows, options, choice, state, team)
        if team.leads:
            _save(arguments, console, trained, description, output)
        team.wait()
    if team.leads:
        shutil.rmtree(state)
    return 0


def _options(arguments: argparse.Namespace) -> "UNetTrainingOptions":
    from prognosis.biomarkers.networks.training import PRESETS, Scale, UNetTrainingOptions

    flags = (
        "architecture", "norm", "epochs", "folds", "batch", "learning_rate", "seed", "device", "spacing_mm", "scaled",
    )  # fmt: skip
    given = {name: getattr(arguments, name) for name in flags if getattr(arguments, name) is not None}
    preset = PRESETS[Scale(arguments.scale)] if arguments.scale else {}
    return resolve(UNetTrainingOptions, arguments.config, {**preset, **given})


def _read_rows(arguments: argparse.Namespace, console: Console, team: "Team") -> list["CohortRow"]:
    from prognosis.biomarkers.networks.training_data import OPTIONAL_COLUMNS
    from prognosis.cohort.table import read_cohort, untold

    needed = (arguments.modality.value,)
    return read_cohort(
        arguments.cohort,
        file_columns=needed,
        optional_file_columns=tuple(column for column in OPTIONAL_COLUMNS if column not in needed),
        outcome_required=False,
        tell=console.warn if team.leads else untold,
    )


def _needed_bytes(rows: int, options: "UNetTrainingOptions") -> int:
    from prognosis.biomarkers.networks.regions_cache import BYTES_PER_REGION

    return rows * BYTES_PER_REGION + (options.folds + 1) * _LARGEST_NETWORK * _BYTES_PER_PARAMETER


def _train(
    arguments: argparse.Namespace,
    console: Console,
    rows: list["CohortRow"],
    options: "UNetTrainingOptions",
    choice: "LesionChoice",
    state: Path,
    team: "Team",
) -> "TrainedUNet":
    from prognosis.biomarkers.networks.regions_cache import kept_regions, key_of_regions
    from prognosis.biomarkers.networks.training import train_unet
    from prognosis.biomarkers.networks.training_data import read_training_regions
    from prognosis.progress import silent

    modality, progress = arguments.modality, console.progress if team.leads else silent
    key = key_of_regions(rows, modality, options.region, choice)
    if not team.leads:
        team.wait()  # the first keeps what the others then load
    data = kept_regions(
        state, key, lambda: read_training_regions(rows, modality, options.region, choice, progress=progress)
    )
    if team.leads:
        team.wait()
    return train_unet(
        data, options, cohort=arguments.cohort_description, state_folder=state, team=team, progress=progress
    )


def _save(
    arguments: argparse.Namespace,
    console: Console,
    trained: "TrainedUNet",
    description: "Description",
    output: Path,
) -> None:
    from prognosis.biomarkers.networks.unet_bundle import save_unet
    from prognosis.report.segmentation_examples import write_examples

    if trained.phantom and not description.demonstration:
        console.warn("Simulated patients are among the cohort: the model is marked as a demonstration.")
    bundle = save_unet(output, trained, description, half=arguments.half, overwrite=arguments.overwrite)
    pictures = output.with_name(f"{output.name}.examples.png")
    if trained.examples:
        write_examples(trained.examples, trained.modality, pictures)
        console.say(f"Held-out contours: {pictures}")
    for warning in trained.warnings:
        console.warn(warning)
    for name, metric in trained.metrics.items():
        console.say(f"{name} {metric.estimate:.3f} ({metric.low:.3f} to {metric.high:.3f}), {metric.how}")
    console.say(f"Model: {bundle.folder}")
    console.result(
        {
            "model": str(bundle.folder),
            "sha256": bundle.sha256,
            "metrics": {name: metric.estimate for name, metric in trained.metrics.items()},
            "examples": str(pictures) if trained.examples else None,
            "warnings": list(trained.warnings),
        }
    )
