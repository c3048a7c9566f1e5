"""`prognosis lesions train`: a lesion model from one's own cohort."""

import argparse
import shutil
from pathlib import Path

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError


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
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the patients (default 30)")
    parser.add_argument("--folds", type=int, metavar="N", help="folds for out-of-fold risks (default 4)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda (default auto)")
    parser.add_argument("--width", type=int, metavar="N", help="channels of the first stage (default 64, as ResNet18)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="highest learning rate (default 0.001)")
    parser.add_argument(
        "--patients-per-step", type=int, metavar="N", help="mini-batches of whole patients (default 0: all at once)"
    )
    parser.add_argument("--name", help="the model's name (default: the folder's)")
    parser.add_argument("--cohort-description", default="the user's own cohort", metavar="TEXT", help="for the card")
    parser.add_argument("--licence", default="not stated", help="for the card")
    parser.add_argument("--demonstration", action="store_true", help="mark every result as a demonstration")
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cohort.table import read_cohort
    from prognosis.files import write_json
    from prognosis.lesions.bundle_format import Description, save_lesion_model
    from prognosis.lesions.training import TrainingOptions, train_lesion_model
    from prognosis.lesions.training_data import read_training_data

    flags = ("epochs", "folds", "seed", "device", "width", "learning_rate", "patients_per_step")
    options = resolve(TrainingOptions, arguments.config, {name: getattr(arguments, name) for name in flags})
    output = arguments.output.absolute()
    if output.exists() and not arguments.overwrite:
        raise UsageError(f"{output} already exists.", remedy="Choose another --output, or add --overwrite.")
    state = output.with_name(f"{output.name}.training")
    rows = read_cohort(arguments.cohort, file_columns=("image", "lesions"))
    data = read_training_data(rows, options.patch, progress=console.progress)
    state.mkdir(parents=True, exist_ok=True)
    write_json(state / "options.json", as_plain(options))
    trained = train_lesion_model(
        data, options, cohort=arguments.cohort_description, state_folder=state, progress=console.progress
    )
    description = Description(
        name=arguments.name or output.name,
        demonstration=arguments.demonstration,
        licence=arguments.licence,
        cohort=arguments.cohort_description,
    )
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
    shutil.rmtree(state)
    metric = trained.metrics["c_index"]
    console.say(f"C-index {metric.estimate:.3f} ({metric.low:.3f} to {metric.high:.3f}), {metric.how}")
    console.say(f"Model: {bundle.folder}")
    console.result({"model": str(bundle.folder), "sha256": bundle.sha256, "c_index": metric.estimate})
    return 0
