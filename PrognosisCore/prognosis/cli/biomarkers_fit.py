"""`prognosis biomarkers fit`: a prognosis from features of one's own cohort."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.model_description import add_description, described
from prognosis.cli.options import Verbs, add_verb, input_path, names
from prognosis.config import resolve
from prognosis.errors import InputError, UsageError
from prognosis.files import require_free_space, require_replaceable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prognosis.biomarkers.feature_table import FeatureTable
    from prognosis.biomarkers.modality import Modality
    from prognosis.biomarkers.networks.segmenter import Segmenter

_INTENDED_USE = "Research on risk of death from PET/CT. Not for diagnosis or treatment."
_FLAGS = (
    "endpoints", "disease_cause", "penalty_fraction", "bootstraps", "fold_bootstraps", "top", "folds", "refits",
    "censored", "seed",
)  # fmt: skip
_WORDS_BYTES = 10_000_000


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "fit",
        common,
        summary="fit probabilities of death to features, and put them in a bundle with the networks",
        example="prognosis biomarkers fit features.h5 cohort.csv --ct-model my-ct --pet-model my-pet --output my-model",
    )
    parser.add_argument("features", type=input_path, help="what `biomarkers extract` wrote")
    parser.add_argument("cohort", type=input_path, help="table with patient_id, time_days, event and, if wanted, cause")
    for modality in ("ct", "pet"):
        parser.add_argument(
            f"--{modality}-model", metavar="M", help=f"the network the {modality.upper()} features come from"
        )
    parser.add_argument("--output", type=Path, required=True, metavar="BUNDLE", help="folder for the model")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument("--endpoints", type=names, metavar="KEYS", help="such as os2,os5,dss2,dss5 (default: all)")
    parser.add_argument("--disease-cause", metavar="TEXT", help="what column cause says of the disease (default 1)")
    parser.add_argument("--folds", type=int, metavar="N", help="folds for out-of-fold scores (default 5)")
    parser.add_argument("--bootstraps", type=int, metavar="N", help="resamples that choose features (default 1000)")
    parser.add_argument("--fold-bootstraps", type=int, metavar="N", help="the same within a fold (default 200)")
    parser.add_argument("--top", type=int, metavar="N", help="features a modality and endpoint (default 20)")
    parser.add_argument("--refits", type=int, metavar="N", help="resamples for intervals (default 200)")
    parser.add_argument(
        "--penalty-fraction",
        type=float,
        metavar="F",
        help="of the smallest penalty that leaves no feature (default: by cross-validation)",
    )
    parser.add_argument(
        "--censored",
        choices=("weighted", "complete"),
        help="weigh patients for censoring, or leave out who was censored early, as the paper does (default weighted)",
    )
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--zero-times", choices=("refuse", "keep"), default="refuse", help="what a time of zero does")
    add_description(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.biomarkers.feature_store import describe_feature_table, read_feature_table
    from prognosis.biomarkers.risk.bundle_format import save_biomarker_model
    from prognosis.biomarkers.risk.fit_options import FitOptions
    from prognosis.biomarkers.risk.fitting import fit_prognosis
    from prognosis.cohort.table import read_cohort

    options = resolve(FitOptions, arguments.config, {name: getattr(arguments, name) for name in _FLAGS})
    output = arguments.output.absolute()
    description = described(arguments, output, intended_use=_INTENDED_USE)
    require_replaceable(output, known_by="model.json", overwrite=arguments.overwrite)
    table = read_feature_table(arguments.features)
    left_out = describe_feature_table(arguments.features).left_out
    if left_out:
        console.warn(f"{left_out} row(s) of the table that features were extracted from have none.")
    segmenters = _segmenters(arguments, table)
    require_free_space(output.parent, _needed_bytes(segmenters))
    rows = read_cohort(arguments.cohort, file_columns=(), zero_times=arguments.zero_times, tell=console.warn)
    fitted = fit_prognosis(
        table,
        rows,
        options,
        cohort_path=arguments.cohort,
        description=description.cohort,
        progress=console.progress,
    )
    if not description.demonstration and (table.phantom or any(one.used.demonstration for one in segmenters.values())):
        console.warn("Simulated patients or demonstration networks are used: the model is marked as a demonstration.")
        description = replace(description, demonstration=True)
    bundle = save_biomarker_model(output, fitted, segmenters, description, overwrite=arguments.overwrite)
    for warning in fitted.warnings:
        console.warn(warning)
    for name, metric in fitted.metrics.items():
        console.say(f"{name} {metric.estimate:.3f} ({metric.low:.3f} to {metric.high:.3f})")
    console.say(f"Measured {next(iter(fitted.metrics.values())).how}.")
    console.say(f"Model: {bundle.folder}")
    console.result(
        {
            "model": str(bundle.folder),
            "sha256": bundle.sha256,
            "metrics": {name: [one.estimate, one.low, one.high] for name, one in fitted.metrics.items()},
            "warnings": list(fitted.warnings),
        }
    )
    return 0


def _needed_bytes(segmenters: "Mapping[Modality, Segmenter]") -> int:
    """Room for the networks and, ample, for what is said beside them."""
    tensors = (value for one in segmenters.values() for value in one.network.state_dict().values())
    return sum(value.nbytes for value in tensors) + _WORDS_BYTES


def _segmenters(arguments: argparse.Namespace, table: "FeatureTable") -> "Mapping[Modality, Segmenter]":
    """The networks the features come from.

    Raises:
        UsageError: One is not given, or one is given that has no features.
        InputError: The features come from another.
    """
    from prognosis.biomarkers.feature_table import require_same_networks
    from prognosis.biomarkers.modality import Modality
    from prognosis.biomarkers.networks.unet_bundle import load_unet
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle

    segmenters = {}
    for modality in Modality:
        given = getattr(arguments, f"{modality.value}_model")
        if (given is None) == (modality in table.features):
            option, having = ("is missing", "has") if given is None else ("is given", "has no")
            raise UsageError(
                f"--{modality.value}-model {option}, but {arguments.features} {having} features of a {modality.shown} "
                "network.",
                remedy="Give the networks the features were extracted with.",
            )
        if given is not None:
            bundle = find_bundle(given, method=Method.BIOMARKERS, kind=ArchitectureKind.BIOMARKER_UNET)
            segmenter = load_unet(bundle)
            if segmenter.modality is not modality:
                raise InputError(
                    f"{given} reads {segmenter.modality.shown}, not {modality.shown}.", remedy="Choose another."
                )
            segmenters[modality] = segmenter
    used = {modality: one.used for modality, one in segmenters.items()}
    require_same_networks(used, table.networks, what=str(arguments.features))
    return segmenters
