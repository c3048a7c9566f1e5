"""Ending a process with all it started, on POSIX and on Windows."""

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any

if sys.platform == "win32":
    OWN_GROUP: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    """Arguments of `Popen` that put a process in a group of its own, without a console window."""

    def ask_to_end(process: subprocess.Popen[bytes]) -> None:
        """Do nothing: only the end of its input reaches a process without a console."""

    def kill(process: subprocess.Popen[bytes]) -> None:
        """End the process at once with all it started."""
        subprocess.Popen(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )

else:
    OWN_GROUP: dict[str, Any] = {"start_new_session": True}

    def ask_to_end(process: subprocess.Popen[bytes]) -> None:
        """Ask the group to end by itself."""
        _signal_group(process.pid, signal.SIGTERM)

    def kill(process: subprocess.Popen[bytes]) -> None:
        """End the group at once, also what is left of it when the process itself has ended."""
        _signal_group(process.pid, signal.SIGKILL)

    def _signal_group(group: int, number: signal.Signals) -> None:
        # macOS says PermissionError of a group whose processes have ended and were not yet waited for.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
