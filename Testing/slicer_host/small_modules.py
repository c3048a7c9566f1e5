"""Doubles of `slicer.i18n`, `slicer.packaging` and `SampleData`."""

import contextlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import slicer
from packaging.requirements import Requirement


def register(name: str, module: ModuleType) -> None:
    """Make `import slicer.x` and `slicer.x` work."""
    sys.modules[name] = module
    setattr(slicer, name.split(".")[1], module)


def i18n() -> ModuleType:
    def tr(text: str) -> str:
        return text

    def translate(context: str, text: str) -> str:
        return text

    return _module("slicer.i18n", tr=tr, translate=translate)


def sample_data() -> ModuleType:
    """`SampleData.registered` keeps what modules register."""
    registered: list[dict[str, Any]] = []

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(category: str = "Custom", sampleName: str | None = None, **source: Any):
            for name in ("uris", "fileNames", "nodeNames"):
                len(source.get(name))  # Slicer's own counts them too
            registered.append({"category": category, "sampleName": sampleName, **source})

    return _module("SampleData", registered=registered, SampleDataLogic=SampleDataLogic)


class Packaging:
    """What was asked of the installer.

    Attributes:
        requested: Requirements handed to pip_install or pip_ensure, in order.
        agrees: Whether the person says yes to an installation.
    """

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.agrees = True

    def ensure(self, requirements: Any, **_options: Any) -> None:
        missing = [each for each in _listed(requirements) if not is_installed(each)]
        if missing and not self.agrees:
            raise RuntimeError("installation was declined")
        self.requested += missing

    def install(self, requirements: Any, completedCallback: Callable | None = None, **_options: Any) -> None:
        self.requested += _listed(requirements)
        if completedCallback is not None:
            completedCallback(0)


@contextlib.contextmanager
def packaging_present() -> Iterator[Packaging]:
    """Slicer 5.12's `slicer.packaging` while the block runs; nothing is installed."""
    asked = Packaging()
    module = _module(
        "slicer.packaging",
        pip_check=lambda req: all(is_installed(each) for each in _listed(req)),
        pip_ensure=asked.ensure,
        pip_install=asked.install,
        isPipInstallInProgress=lambda: False,
    )
    register("slicer.packaging", module)
    yield asked
    del sys.modules["slicer.packaging"]
    del slicer.packaging


def is_installed(requirement: Any) -> bool:
    wanted = Requirement(str(requirement))
    try:
        return importlib.metadata.version(wanted.name) in wanted.specifier
    except importlib.metadata.PackageNotFoundError:
        return False


def _listed(requirements: Any) -> list[str]:
    if isinstance(requirements, list | tuple):
        return [str(each) for each in requirements]
    return str(requirements).split()


def _module(name: str, **members: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module
