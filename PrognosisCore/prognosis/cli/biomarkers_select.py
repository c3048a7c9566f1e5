"""`prognosis biomarkers select`: which features are tied to survival, beside what chance gives."""

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb, input_path, names
from prognosis.config import resolve
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
    from prognosis.biomarkers.selection.results import SelectionStudy

_DOCUMENT = "selection.json"
_LARGEST_RESULT_BYTES = 80_000_000
_SCALES = {
    "quick": {"bootstraps": 100, "permutations": 100, "inclusion_permutations": 0},
    "study": {"bootstraps": 1000, "permutations": 200, "inclusion_permutations": 20},
    "paper": {"bootstraps": 1000, "permutations": 1000, "inclusion_permutations": 40},
}
_FLAGS = (
    "endpoints", "disease_cause", "permutations", "inclusion_permutations", "bootstraps", "penalty_fraction", "top",
    "joint", "seed",
)  # fmt: skip
_NEEDED = ("h5py", "numba")


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "select",
        common,
        summary="find the features that are tied to survival: t-tests, LASSO bootstraps, and what chance gives",
        example="prognosis biomarkers select features.h5 cohort.csv --output selection",
    )
    parser.add_argument("features", type=input_path, help="features.h5 of 'prognosis biomarkers extract'")
    parser.add_argument(
        "cohort", type=input_path, help="CSV with patient_id, event, time_days or time_months, and cause where known"
    )
    add_output(parser, "folder for report, figures and numbers")
    parser.add_argument("--config", type=Path, metavar="TOML", help="options in a file; flags win over it")
    parser.add_argument("--scale", choices=tuple(_SCALES), help="how much is resampled (default: study)")
    parser.add_argument("--endpoints", type=names, metavar="KEYS", help="of os2,os5,dss2,dss5 (default: all)")
    parser.add_argument(
        "--disease-cause", metavar="TEXT", help="the column cause's text for the disease (default 1; 'disease' too)"
    )
    parser.add_argument("--permutations", type=int, metavar="N", help="permutations for tests (default 200)")
    parser.add_argument(
        "--inclusion-permutations", type=int, metavar="N", help="permutations for inclusion (default 20; 0: none)"
    )
    parser.add_argument("--bootstraps", type=int, metavar="N", help="resamples of patients (default 1000)")
    parser.add_argument(
        "--penalty-fraction",
        type=float,
        metavar="F",
        help="penalty as a fraction of the smallest that leaves no feature (default: by cross-validation)",
    )
    parser.add_argument("--top", type=int, metavar="N", help="features chosen a modality and endpoint (default 20)")
    parser.add_argument(
        "--joint", action="store_const", const=True, help="both modalities in one LASSO (default: each by itself)"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="seed of everything random (default 0)")
    parser.add_argument("--zero-times", choices=("refuse", "keep"), default="refuse", help="what a time of zero does")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise UsageError(f"Selection needs {', '.join(missing)}.", remedy="Install slicer-prognosis[train].")
    from prognosis.biomarkers.feature_store import read_feature_table
    from prognosis.biomarkers.selection.options import SelectionOptions
    from prognosis.biomarkers.selection.study import select
    from prognosis.cohort.table import read_cohort

    given = {name: getattr(arguments, name) for name in _FLAGS if getattr(arguments, name) is not None}
    options = resolve(SelectionOptions, arguments.config, {**_SCALES.get(arguments.scale, {}), **given})
    output = arguments.output.absolute()
    require_replaceable(output, known_by=_DOCUMENT, overwrite=arguments.overwrite)
    cohort = read_cohort(arguments.cohort, file_columns=(), zero_times=arguments.zero_times, tell=console.warn)
    require_free_space(output.parent, _LARGEST_RESULT_BYTES)
    table = read_feature_table(arguments.features)
    study = select(
        table,
        cohort,
        options,
        cohort_path=arguments.cohort,
        features_sha256=sha256_of(arguments.features),
        cohort_sha256=sha256_of(arguments.cohort),
        progress=console.progress,
    )
    document = _write(study, output, overwrite=arguments.overwrite)
    for warning in study.warnings:
        console.warn(warning)
    console.say(_table(study))
    console.say(f"Report: {output / 'report.html'}")
    console.result(document)
    return 0


def _write(study: "SelectionStudy", output: Path, *, overwrite: bool) -> dict:
    from prognosis.report.selection_study.figures import selection_figures
    from prognosis.report.selection_study.numbers import selection_document, selection_tables
    from prognosis.report.selection_study.page import render_selection_report

    figures = selection_figures(study)
    document = {**selection_document(study), "created": now()}
    with result_folder(output, known_by=_DOCUMENT, overwrite=overwrite) as folder:
        write_json(folder / _DOCUMENT, document)
        for name, (header, rows) in selection_tables(study).items():
            write_csv(folder / name, header, rows)
        (folder / "figures").mkdir()
        for name, figure in figures.items():
            write_bytes(folder / "figures" / f"{name}.png", figure.png)
            write_bytes(folder / "figures" / f"{name}.svg", figure.svg)
        write_text(folder / "methods.txt", study.methods + "\n")
        write_text(folder / "report.html", render_selection_report(study, figures))
    return document


def _table(study: "SelectionStudy") -> str:
    from prognosis.report.selection_study.rows import count_rows

    row = "{:<62} {:>9} {:>32} {:>7}  {}"
    lines = [row.format("", "here", "by chance", "p", "paper")]
    return "\n".join([*lines, *(row.format(*cells) for cells in count_rows(study))])
