"""Packages the command line needs in Slicer's Python: asked for when they are needed, never before and never unasked.

What Slicer ships itself is never replaced.
"""

import importlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prognosis.errors import CancelledError, PrognosisError

_TITLE = "Prognosis"
_TORCH = "torch"


@dataclass(frozen=True)
class Requirement:
    """A package from the Python package index.

    Args:
        name: What pip calls it.
        least: The oldest version that will do.
        megabytes: What is downloaded, roughly, with what it needs itself.
    """

    name: str
    least: str
    megabytes: int

    def __str__(self) -> str:
        return f"{self.name}>={self.least}"


SHIPPED_WITH_SLICER = (
    Requirement("numpy", "2.0", 20),
    Requirement("scipy", "1.14", 40),
    Requirement("SimpleITK", "2.4", 50),
)
REQUIRED = (
    Requirement("filelock", "3.16", 1),
    Requirement("highdicom", "0.26", 5),
    Requirement("jinja2", "3.1", 1),
    Requirement("matplotlib", "3.9", 20),
    Requirement("monai", "1.5", 2),
    Requirement("packaging", "24", 1),
    Requirement("pillow", "11", 7),
    Requirement("platformdirs", "4.3", 1),
    Requirement("pydicom", "3.0", 3),
    Requirement("safetensors", "0.5", 1),
    # On Linux the index holds the build for NVIDIA cards.
    Requirement(_TORCH, "2.6", 3000 if sys.platform == "linux" else 200),
    Requirement("tqdm", "4.66", 1),
)


class VersionOf(Protocol):
    """Tells the installed version of a package, None when it is not there."""

    def __call__(self, name: str) -> str | None: ...


class Install(Protocol):
    """Downloads and installs packages while versions of others are held; raises `PrognosisError` when it cannot."""

    def __call__(self, requirements: Sequence[str], held: Sequence[str]) -> None: ...


class InstallTorch(Protocol):
    """Asks, then installs the build of PyTorch that fits the machine; tells whether it did."""

    def __call__(self, version: str) -> bool: ...


class Ask(Protocol):
    """Asks a person; tells whether the answer was yes."""

    def __call__(self, question: str) -> bool: ...


@dataclass(frozen=True)
class Installation:
    """What is installed, and how to add to it.

    Args:
        version_of: Tells versions.
        install: Installs.
        install_torch: Installs PyTorch; None leaves it to `install`.
        ask: Asks; None where nobody is there to answer, as in a batch run.
        python: The program that runs pip, for the command a person is told.
    """

    version_of: VersionOf
    install: Install
    install_torch: InstallTorch | None
    ask: Ask | None
    python: str

    def missing(self) -> tuple[Requirement, ...]:
        """The required packages that are absent or too old."""
        return tuple(requirement for requirement in REQUIRED if not self._has(requirement))

    def ask_and_install(self) -> None:
        """Install what is missing, once a person agreed to it; does nothing when nothing is missing.

        Raises:
            PrognosisError: Nobody is there to ask, or it could not be installed; the remedy names the one command.
            CancelledError: The person said no.
        """
        wanted = self.missing()
        if not wanted:
            return
        if self.ask is None:
            raise self._unfinished(f"Slicer's Python lacks {_listed(wanted)}.", wanted)
        torch = [requirement for requirement in wanted if requirement.name == _TORCH]
        if torch and self.install_torch is not None:
            wanted = tuple(requirement for requirement in wanted if requirement.name != _TORCH)
            if not self.install_torch(f">={torch[0].least}"):
                raise _declined()
        if wanted:
            if not self.ask(question_for(wanted)):
                raise _declined()
            self.install([str(requirement) for requirement in wanted], self.held())
        self._require_all()

    def held(self) -> tuple[str, ...]:
        """Versions that must stay: those of what Slicer ships, and of a PyTorch that is there and will do."""
        stay = [*SHIPPED_WITH_SLICER, *(one for one in REQUIRED if one.name == _TORCH and self._has(one))]
        return tuple(
            f"{one.name}=={_public(version)}" for one in stay if (version := self.version_of(one.name)) is not None
        )

    def command(self, wanted: Sequence[Requirement]) -> str:
        """The command a person can run instead."""
        words = [self.python, "-m", "pip", "install", *map(str, wanted), *self.held()]
        return " ".join(f'"{word}"' if re.search(r"[^\w./\\:-]", word) else word for word in words)

    def _has(self, requirement: Requirement) -> bool:
        version = self.version_of(requirement.name)
        return version is not None and _release(version) >= _release(requirement.least)

    def _require_all(self) -> None:
        importlib.invalidate_caches()
        lacking = self.missing()
        if lacking:
            raise self._unfinished(f"After installing, Slicer's Python still lacks {_listed(lacking)}.", lacking)

    def _unfinished(self, what: str, wanted: Sequence[Requirement]) -> PrognosisError:
        return PrognosisError(what, remedy=f"Run this once, then start Slicer again: {self.command(wanted)}")


def missing() -> tuple[Requirement, ...]:
    """The packages that Slicer's Python lacks."""
    return slicers_installation().missing()


def ask_and_install() -> None:
    """Install what Slicer's Python lacks, as `Installation.ask_and_install` says."""
    slicers_installation().ask_and_install()


def question_for(wanted: Sequence[Requirement]) -> str:
    """What a person is asked before anything is downloaded."""
    size = sum(requirement.megabytes for requirement in wanted)
    lines = "\n".join(f"    {requirement.name} {requirement.least} or newer" for requirement in wanted)
    return (
        f"To compute, Prognosis needs packages that are not yet in Slicer's Python:\n\n{lines}\n\n"
        f"About {size} MB will be downloaded from the Python package index (pypi.org) and installed into Slicer. "
        "What Slicer ships itself stays as it is. No image leaves this computer.\n\nDownload and install them now?"
    )


def slicers_installation() -> Installation:
    """The installation of the Slicer that runs this; nobody is asked without a main window or in a self-test."""
    import slicer

    attended = slicer.util.mainWindow() is not None and not slicer.app.commandOptions().testingEnabled
    return Installation(
        version_of=installed_version,
        install=_install_into_slicer,
        install_torch=_install_torch if hasattr(slicer.modules, "pytorchutils") else None,
        ask=_ask if attended else None,
        python=shutil.which("PythonSlicer") or sys.executable,
    )


def installed_version(name: str) -> str | None:
    """The version of an installed package as its metadata say; None when it is not there."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _ask(question: str) -> bool:
    import slicer

    return bool(slicer.util.confirmOkCancelDisplay(question, windowTitle=_TITLE))


def _install_torch(version: str) -> bool:
    import PyTorchUtils

    with _telling_failure(_TORCH):
        logic = PyTorchUtils.PyTorchUtilsLogic()
        return logic.installTorch(askConfirmation=True, torchVersionRequirement=version) is not None


def _install_into_slicer(requirements: Sequence[str], held: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(held) + "\n", encoding="utf-8")
        with _telling_failure(", ".join(requirements)):
            _pip_install(list(requirements), str(constraints))


@contextmanager
def _telling_failure(what: str) -> Iterator[None]:
    try:
        yield
    except (subprocess.CalledProcessError, RuntimeError) as error:
        raise PrognosisError(
            f"{what} could not be installed ({error}).",
            remedy="Is this computer connected to the internet? The Python console tells more.",
        ) from error


def _pip_install(requirements: list[str], constraints: str) -> None:
    try:
        from slicer import packaging
    except ImportError:
        # Slicer 5.10 hands a list on to pip as it is.
        import slicer

        slicer.util.pip_install(["--constraint", constraints, *requirements])
    else:
        packaging.pip_install(requirements, constraints=constraints, requester=_TITLE)


def _declined() -> CancelledError:
    return CancelledError("The packages were not installed.", remedy="Nothing can be computed without them.")


def _listed(wanted: Sequence[Requirement]) -> str:
    return ", ".join(map(str, wanted))


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, such as (2, 6) of 2.6.0+cpu; zeros at the end say nothing."""
    leading = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(number) for number in leading.group().split(".")] if leading else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _public(version: str) -> str:
    """A version without the local part that tells builds of it apart, such as +cpu."""
    return version.partition("+")[0]
