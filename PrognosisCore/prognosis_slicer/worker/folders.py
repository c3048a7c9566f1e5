"""Temporary folders of patients' images: removed when a command ends, or by the next session after a crash."""

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

_WINDOWS_MAY_ASK = 0x1000


def temporary_folder(within: Path | None = None) -> Path:
    """Make a folder that only this user can read, and remove those that crashed sessions of this machine left.

    Args:
        within: Where; None takes the system's folder for such.
    """
    place = within or Path(tempfile.gettempdir())
    remove(folder for folder in place.glob(f"{_machine()}*") if _is_left_behind(folder))
    return Path(tempfile.mkdtemp(prefix=f"{_machine()}{os.getpid()}-", dir=place))


def remove(folders: Iterable[Path]) -> None:
    """Remove folders with all they hold; what another program holds open on Windows stays."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    return f"prognosis-{re.sub(r'[^A-Za-z0-9]', '', platform.node())}-"


def _is_left_behind(folder: Path) -> bool:
    process = folder.name.removeprefix(_machine()).partition("-")[0]
    return process.isascii() and process.isdigit() and not _runs(int(process))


if sys.platform == "win32":

    def _runs(process: int) -> bool:
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_WINDOWS_MAY_ASK, False, process)
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)

else:

    def _runs(process: int) -> bool:
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True
