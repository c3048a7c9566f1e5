"""`prognosis cohort`: tables of patients, checked before they are used, or made from a folder."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_lesion_choice, add_verb, input_path, lesion_choice
from prognosis.cohort.contract import Purpose
from prognosis.errors import InputError, UsageError

if TYPE_CHECKING:
    from prognosis.cohort.checking import CheckedTable

_LINES_LISTED = 20


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    cohort = verbs.add_parser("cohort", help="tables of patients")
    kinds = cohort.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = add_verb(
        kinds,
        "check",
        common,
        summary="list all that is wrong with a table, without computing",
        example="prognosis cohort check cohort.csv --for lesions",
    )
    check.add_argument("table", type=input_path, help="CSV with a row for each annotation of a patient")
    check.add_argument(
        "--for",
        dest="purpose",
        type=Purpose,
        choices=list(Purpose),
        metavar="METHOD",
        help="lesions, survival, biomarkers or portraits",
    )
    check.add_argument("--without-outcome", action="store_true", help="accept rows without time and event")
    check.add_argument("--zero-times", choices=("refuse", "keep"), default="refuse", help="what a time of zero does")
    check.add_argument("--deep", action="store_true", help="read every image and segmentation too (seconds a row)")
    add_lesion_choice(check)
    check.set_defaults(run=_check)
    scan = add_verb(
        kinds,
        "scan",
        common,
        summary="write a table from a folder of DICOM, NRRD or NIfTI files, pairing segmentations with their images",
        example="prognosis cohort scan DICOM_FOLDER --output cohort.csv",
    )
    scan.add_argument("folder", type=input_path, help="searched with its subfolders; only headers are read")
    scan.add_argument("--output", type=Path, required=True, metavar="FILE", help="the table, a .csv")
    scan.add_argument("--overwrite", action="store_true", help="replace what is there")
    scan.add_argument(
        "--as-annotations",
        action="store_true",
        help="several segmentations of an image are several readers': a row each",
    )
    scan.set_defaults(run=_scan)


def _check(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cohort.checking import check_cohort

    if arguments.purpose is Purpose.SURVIVAL and arguments.without_outcome:
        raise UsageError("Survival needs outcomes.", remedy="Leave out --without-outcome.")
    checked = check_cohort(
        arguments.table,
        arguments.purpose,
        outcome_required=not arguments.without_outcome,
        zero_times=arguments.zero_times,
        deep=arguments.deep,
        choice=lesion_choice(arguments),
        progress=console.progress,
    )
    console.say(_summary(checked))
    for note in checked.notes:
        console.warn(note)
    for line in _first_of(checked.faults):
        console.say(f"FAULT   {line}")
    console.say(f"{len(checked.faults)} fault(s): mend what is named." if checked.faults else "No fault was found.")
    console.result(asdict(checked))
    return int(bool(checked.faults))


def _scan(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.cohort.scanning import scan_folder, write_scan

    output = arguments.output
    if output.is_dir():
        raise UsageError(f"{output} is a folder.", remedy="Give the name of the table, such as cohort.csv.")
    if output.exists() and not arguments.overwrite:
        raise UsageError(f"{output} already exists.", remedy="Choose another --output, or add --overwrite.")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {output.absolute().parent}.", remedy="Make it first.")
    scan = scan_folder(arguments.folder, as_annotations=arguments.as_annotations, progress=console.progress)
    if scan.rows:
        write_scan(scan, output)
    for line in _first_of(scan.left_out):
        console.warn(f"Left out: {line}")
    for note in scan.notes:
        console.warn(note)
    console.result(
        {
            "output": str(output) if scan.rows else None,
            "rows": len(scan.rows),
            "patients": scan.patients,
            "files": scan.files,
            "left_out": list(scan.left_out),
            "notes": list(scan.notes),
        }
    )
    if not scan.rows:
        raise InputError(
            f"{arguments.folder} holds no image whose segmentation is told for sure.",
            remedy="See what was left out, or write the table by hand.",
        )
    console.say(f"{output}: {len(scan.rows)} row(s) of {scan.patients} patient(s), {len(scan.left_out)} left out")
    console.say("Fill in time_days and event, then run: prognosis cohort check")
    return 0


def _summary(checked: "CheckedTable") -> str:
    lines = [f"{checked.rows} row(s) of {checked.patients} patient(s)"]
    if checked.follow_up_days is not None:
        shortest, median, longest = checked.follow_up_days
        lines.append(f"{checked.events} event(s); follow-up {shortest:.0f} to {longest:.0f} days, median {median:.0f}")
    lines += [f"  {column.name:<24} {column.kind:<10} {_missing(column.missing)}" for column in checked.columns]
    return "\n".join(lines)


def _missing(count: int) -> str:
    return f"{count} empty" if count else ""


def _first_of(lines: tuple[str, ...]) -> list[str]:
    more = [f"and {len(lines) - _LINES_LISTED} more (--json lists all)"] if len(lines) > _LINES_LISTED else []
    return [*lines[:_LINES_LISTED], *more]
