"""`prognosis lesions train`: a lesion model from one's own cohort."""

import argparse
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.model_description import add_description, described
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, lesion_choice
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError
from prognosis.files import only_one_run, require_free_space, require_replaceable, write_json

if TYPE_CHECKING:
    from prognosis.bundles.model_used import Description
    from prognosis.imaging.lesion_choice import LesionChoice
    from prognosis.lesions.training import TrainingOptions

_INTENDED_USE = "Research on risk of death from CT lesions. Not for diagnosis or treatment."
_LARGEST_STATE_BYTES = 2_000_000_000


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "train",
        common,
        summary="train a lesion model on a cohort",
        example="prognosis lesions train cohort.csv --output my-model --epochs 30",
    )
    parser.add_argument("cohort", type=Path, help="table with patient_id, time_days, event, image, lesions")
    parser.add_argument("--output", type=Path, required=True, metavar="BUNDLE", help="folder for the model")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    add_lesion_choice(parser)
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the patients (default 30)")
    parser.add_argument("--folds", type=int, metavar="N", help="folds for out-of-fold risks (default 4)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--width", type=int, metavar="N", help="channels of the first stage (default 64, as ResNet18)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="highest learning rate (default 0.001)")
    parser.add_argument(
        "--patients-per-step", type=int, metavar="N", help="mini-batches of whole patients (default 0: all at once)"
    )
    add_description(parser)
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.lesions.training import TrainingOptions
    from prognosis.training.device import choose_device

    flags = ("epochs", "folds", "seed", "device", "width", "learning_rate", "patients_per_step")
    options = resolve(TrainingOptions, arguments.config, {name: getattr(arguments, name) for name in flags})
    choice = lesion_choice(arguments)
    choose_device(options.device)
    missing = [package for package in ("lifelines", "numba") if find_spec(package) is None]
    if missing:
        raise UsageError(f"Training needs {' and '.join(missing)}.", remedy="Install slicer-prognosis[train].")
    output = arguments.output.absolute()
    description = described(arguments, output, intended_use=_INTENDED_USE)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    state = output.with_name(f"{output.name}.training")
    with only_one_run(state):
        require_free_space(state, _LARGEST_STATE_BYTES)
        _train(arguments, console, options, choice, description, output, state)
    shutil.rmtree(state)
    return 0


def _train(
    arguments: argparse.Namespace,
    console: Console,
    options: "TrainingOptions",
    choice: "LesionChoice",
    description: "Description",
    output: Path,
    state: Path,
) -> None:
    from prognosis.cohort.table import read_cohort
    from prognosis.lesions.bundle_format import save_lesion_model
    from prognosis.lesions.training import train_lesion_model
    from prognosis.lesions.training_data import read_training_data

    rows = read_cohort(arguments.cohort, file_columns=("image", "lesions"), tell=console.warn)
    data = read_training_data(rows, options.patch, choice, progress=console.progress)
    write_json(state / "options.json", as_plain(options))
    trained = train_lesion_model(
        data, options, cohort=description.cohort, state_folder=state, progress=console.progress
    )
    if data.phantom and not description.demonstration:
        console.warn("Simulated patients are among the cohort: the model is marked as a demonstration.")
        description = replace(description, demonstration=True)
    bundle = save_lesion_model(
        output,
        trained.model,
        options.network,
        trained.training,
        trained.metrics,
        description,
        half=arguments.half,
        overwrite=arguments.overwrite,
    )
    for warning in trained.warnings:
        console.warn(warning)
    metric = trained.metrics["c_index"]
    console.say(f"C-index {metric.estimate:.3f} ({metric.low:.3f} to {metric.high:.3f}), {metric.how}")
    console.say(f"Model: {bundle.folder}")
    console.result(
        {
            "model": str(bundle.folder),
            "sha256": bundle.sha256,
            "c_index": metric.estimate,
            "warnings": list(trained.warnings),
        }
    )
