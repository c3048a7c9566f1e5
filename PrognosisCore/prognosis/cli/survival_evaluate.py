"""`prognosis survival evaluate`: what covariates say of survival, judged on patients left out."""

import argparse
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb, input_path, names
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError
from prognosis.files import (
    require_free_space,
    require_replaceable,
    result_folder,
    sha256_of,
    write_bytes,
    write_csv,
    write_json,
    write_text,
)
from prognosis.provenance import now

if TYPE_CHECKING:
    from prognosis.survival.estimate import Estimate
    from prognosis.survival.evaluation.study_results import Study

_DOCUMENT = "results.json"
_LARGEST_RESULT_BYTES = 50_000_000
_SCALES = {
    "quick": {"tuning_trials": 4, "training_seeds": 1},
    "study": {"tuning_trials": 20, "training_seeds": 3},
    "paper": {"tuning_trials": 100, "training_seeds": 10},
}
_NEEDED = ("lifelines", "pycox", "numba", "sklearn", "statsmodels", "pandas")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "evaluate",
        common,
        summary="judge Cox and DeepSurv on a table of covariates, by patients they never saw",
        example="prognosis survival evaluate cohort.csv --output study",
    )
    parser.add_argument(
        "table",
        type=input_path,
        help="CSV with patient_id, event, time_days or time_months; every other column is a covariate, a column split "
        "(train, test) is used as given",
    )
    add_output(parser, "folder for report, figures and numbers")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument("--scale", choices=tuple(_SCALES), help="how much is tried (default: 10 trials, 3 seeds)")
    parser.add_argument("--folds", type=int, metavar="N", help="folds of cross-validation (default 5)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--training-seeds", type=int, metavar="N", help="seeds networks are trained with (default 3)")
    parser.add_argument("--tuning-trials", type=int, metavar="N", help="configurations tried a fold (default 10)")
    parser.add_argument("--bootstraps", type=int, metavar="N", help="resamples for intervals (default 1000)")
    parser.add_argument("--risk-groups", type=int, metavar="N", help="groups of the survival curves (default 3)")
    parser.add_argument("--zero-times", choices=("refuse", "keep"), default="refuse", help="what a time of zero does")
    parser.add_argument("--categorical", type=names, default=(), metavar="COLUMNS", help="numbers that are categories")
    parser.add_argument("--ignore", type=names, default=(), metavar="COLUMNS", help="columns that are no covariates")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise UsageError(f"Evaluation needs {', '.join(missing)}.", remedy="Install slicer-prognosis[train].")
    logging.getLogger("numexpr").setLevel(logging.WARNING)  # it counts threads aloud
    from prognosis.cohort.survival_table import read_survival_table
    from prognosis.survival.evaluation.evaluate import EvaluationOptions, evaluate

    flags = ("folds", "seed", "training_seeds", "tuning_trials", "bootstraps", "risk_groups")
    given = {name: getattr(arguments, name) for name in flags if getattr(arguments, name) is not None}
    options = resolve(EvaluationOptions, arguments.config, {**_SCALES.get(arguments.scale, {}), **given})
    output = arguments.output.absolute()
    require_replaceable(output, known_by=_DOCUMENT, overwrite=arguments.overwrite)
    table = read_survival_table(
        arguments.table,
        zero_times=arguments.zero_times,
        categorical=arguments.categorical,
        ignore=arguments.ignore,
    )
    require_free_space(output.parent, _LARGEST_RESULT_BYTES)
    study = evaluate(table, options, table_sha256=sha256_of(arguments.table), progress=console.progress)
    reading = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in (
            ("zero_times", arguments.zero_times),
            ("categorical", arguments.categorical),
            ("ignore", arguments.ignore),
        )
    }
    document = _write(study, {**as_plain(options), **reading}, output, overwrite=arguments.overwrite)
    for warning in study.warnings:
        console.warn(warning)
    console.say(_table(study))
    console.say(f"Report: {output / 'report.html'}")
    console.result(document)
    return 0


def _write(study: "Study", options: dict, output: Path, *, overwrite: bool) -> dict:
    from prognosis.report.survival_study.figures import study_figures
    from prognosis.report.survival_study.numbers import study_document, study_tables
    from prognosis.report.survival_study.page import render_survival_report

    figures = study_figures(study)
    document = {**study_document(study), "options": options, "created": now()}
    with result_folder(output, known_by=_DOCUMENT, overwrite=overwrite) as folder:
        write_json(folder / _DOCUMENT, document)
        for name, (header, rows) in study_tables(study).items():
            write_csv(folder / name, header, rows)
        (folder / "figures").mkdir()
        for name, figure in figures.items():
            write_bytes(folder / "figures" / f"{name}.png", figure.png)
            write_bytes(folder / "figures" / f"{name}.svg", figure.svg)
        write_text(folder / "methods.txt", study.methods + "\n")
        write_text(folder / "report.html", render_survival_report(study, figures))
    return document


def _table(study: "Study") -> str:
    row = "{:<14} {:>24} {:>24} {:>24}"
    lines = [row.format("model", "C-index", "IPCW C-index", "integrated Brier")]
    for model in study.models:
        figures = (model.metrics.get(name) for name in ("c_index", "ipcw_c_index", "integrated_brier"))
        lines.append(row.format(model.title, *(_words(figure) for figure in figures)))
    return "\n".join(lines)


def _words(estimate: "Estimate | None") -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
