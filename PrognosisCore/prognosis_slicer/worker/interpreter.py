"""Which Python runs the command line, and in which environment."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NOT_PASSED_ON = ("PYTHONHOME", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__")
_NOT_PASSED_ON_STARTS = ("QT_", "QML")
_LIBRARY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Interpreter:
    """A Python and the environment it starts in.

    Args:
        executable: The program.
        environment: Of the process.
    """

    executable: str
    environment: Mapping[str, str]

    def environment_for(self, library: Path) -> dict[str, str]:
        """The environment with a library put before all others, nothing imported from the current folder, and UTF-8."""
        first = [str(library), self.environment.get("PYTHONPATH", "")]
        return {
            **self.environment,
            "PYTHONPATH": os.pathsep.join(filter(None, first)),
            "PYTHONSAFEPATH": "1",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
        }


def find_interpreter() -> Interpreter:
    """Inside Slicer, `PythonSlicer` in the environment Slicer was started from; elsewhere the Python that runs this."""
    slicers = shutil.which("PythonSlicer") or _beside_the_application()
    if slicers is None:
        return Interpreter(sys.executable, cleaned(os.environ))
    return Interpreter(slicers, cleaned(_environment_slicer_was_started_from()))


def library_folder() -> Path:
    """The folder that holds the packages `prognosis` and `prognosis_slicer`."""
    return _LIBRARY


def cleaned(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what belongs to another Python or to the application's own libraries."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _NOT_PASSED_ON and not name.startswith(_NOT_PASSED_ON_STARTS)
    }


def _environment_slicer_was_started_from() -> Mapping[str, str]:
    """Without what the launcher added, such as LD_LIBRARY_PATH: PythonSlicer is a launcher too and adds its own."""
    import slicer

    return slicer.util.startupEnvironment() if hasattr(slicer, "app") else os.environ


def _beside_the_application() -> str | None:
    if "slicer" not in sys.modules:
        return None
    import slicer

    home = getattr(getattr(slicer, "app", None), "slicerHome", None)
    return shutil.which("PythonSlicer", path=str(Path(home) / "bin")) if home else None
