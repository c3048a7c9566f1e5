"""`prognosis doctor`: whether everything that scoring needs is there."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_verb

_EXTRAS = ("train", "fast")


@dataclass(frozen=True)
class _Check:
    """One line of the examination.

    Args:
        name: What was looked at.
        found: What was found, in words.
        good: None where it is optional and absent.
    """

    name: str
    found: str
    good: bool | None


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs, "doctor", common, summary="check installation, processor and models", example="prognosis doctor"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    checks = [check for examine in _EXAMINATIONS for check in examine()]
    for check in checks:
        mark = {True: "ok", False: "FAULT", None: "absent"}[check.good]
        console.say(f"{mark:<7} {check.name}: {check.found}")
    console.result([{"name": check.name, "found": check.found, "good": check.good} for check in checks])
    return int(any(check.good is False for check in checks))


def _packages() -> list[_Check]:
    checks = []
    try:
        requirements = requires("slicer-prognosis") or []
    except PackageNotFoundError:
        return [_Check("packages", "the library runs from its folder, not installed by pip: not compared", None)]
    for text in requirements:
        requirement = Requirement(text)
        extra = next((e for e in _EXTRAS if requirement.marker and requirement.marker.evaluate({"extra": e})), None)
        if requirement.marker and extra is None:
            continue
        label = f"{requirement.name}{requirement.specifier}" + (f" (extra {extra})" if extra else "")
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            checks.append(_Check(label, "not installed", None if extra else False))
            continue
        checks.append(_Check(label, found, requirement.specifier.contains(found, prereleases=True)))
    return checks


def _processor() -> list[_Check]:
    import torch

    from prognosis.training.device import has_fast_bfloat16

    fast = "with" if has_fast_bfloat16(torch.device("cpu")) else "without"
    checks = [_Check("processor", f"{os.cpu_count()} cores, {fast} fast 16-bit arithmetic", True)]
    if torch.cuda.is_available():
        checks.append(_Check("graphics processor", torch.cuda.get_device_name(), True))
    else:
        checks.append(_Check("graphics processor", "none that PyTorch can use (training will be slow)", None))
    return checks


def _models() -> list[_Check]:
    from prognosis.bundles.manifest import ArchitectureKind
    from prognosis.bundles.store import list_bundles

    entries = list_bundles()
    checks = [
        _Check(f"model {entry.folder.name}", entry.problem or "whole", entry.problem is None) for entry in entries
    ]
    scoring = {ArchitectureKind.LESION_RESNET18: "lesions", ArchitectureKind.BIOMARKER_PROGNOSIS: "PET/CT"}
    whole = {entry.bundle.manifest.architecture.kind for entry in entries if entry.bundle}
    for kind, what in scoring.items():
        if kind not in whole:
            checks.append(_Check("models", f"none for {what}: nothing of the kind can be scored", False))
    return checks


_EXAMINATIONS: tuple[Callable[[], list[_Check]], ...] = (_packages, _processor, _models)
