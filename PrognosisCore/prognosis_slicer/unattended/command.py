"""A command of `prognosis`, waited for."""

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from prognosis_slicer.unattended.telling import Teller
from prognosis_slicer.worker.interpreter import find_interpreter, library_folder
from prognosis_slicer.worker.kept_process import KeptProcess

LOG = logging.getLogger(__name__)

_FAILED = 1
_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_TO_END_WELL = 10.0


def run_command(arguments: Sequence[str]) -> int:
    """Run a command in a process group of its own, which never outlives this process, and log what it says.

    Args:
        arguments: What follows `prognosis` on the command line.

    Returns:
        Its exit code.

    Raises:
        KeyboardInterrupt: The run was cancelled, and the group has ended.
    """
    process = KeptProcess(find_interpreter(), library_folder())
    teller = Teller()
    try:
        process.request(1, (*arguments, "--progress=json"))
        return _listen(process, teller)
    except KeyboardInterrupt:
        process.ask_to_end()
        _listen(process, teller, seconds=_SECONDS_TO_END_WELL)
        raise
    finally:
        process.end(at_once=True)


@contextmanager
def cancelled_by_signals() -> Iterator[None]:
    """Let Ctrl-C and a request to end raise KeyboardInterrupt: inside Slicer neither does so by itself."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, _interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _listen(process: KeptProcess, teller: Teller, seconds: float = float("inf")) -> int:
    """Hear a process until its command ended, or for some seconds.

    Returns:
        The exit code of the command.
    """
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        silent = process.silent
        for message in process.messages():
            teller.tell(message)
        if teller.code is not None:
            return teller.code
        if silent:
            LOG.error("The computation ended without a result (exit code %s).", process.code)
            return _FAILED
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return _FAILED
