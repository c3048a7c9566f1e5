"""One command for the worker, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prognosis.errors import CancelledError, PrognosisError, UsageError

OnProgress = Callable[[str, int, int], None]
OnFailed = Callable[[PrognosisError], None]

_WRONG_USE, _CANCELLED = 2, 130


@dataclass(frozen=True)
class Finished:
    """A command that ended well.

    Args:
        warnings: What it warned of, in words.
        log: The last lines it said besides.
    """

    warnings: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


OnFinished = Callable[[Finished], None]


@dataclass(frozen=True)
class Job:
    """One command.

    Args:
        arguments: What follows `prognosis` on the command line.
        on_progress: Called with a step's name and how much of it is done.
        on_finished: Called when the command ended with exit code 0.
        on_failed: Called otherwise, with `CancelledError` when the user stopped it.
        folders: Temporary folders, removed after `on_finished` or `on_failed` returned.
    """

    arguments: tuple[str, ...]
    on_progress: OnProgress
    on_finished: OnFinished
    on_failed: OnFailed
    folders: tuple[Path, ...] = ()


def cancelled() -> CancelledError:
    """The user stopped the command."""
    return CancelledError("Cancelled.", remedy="Nothing was changed.")


def failure_of(code: int, what: str, remedy: str) -> PrognosisError:
    """The error a command's exit code and words stand for."""
    if code == _CANCELLED:
        return cancelled()
    kind = UsageError if code == _WRONG_USE else PrognosisError
    return kind(what or f"The command ended with exit code {code}.", remedy=remedy)
