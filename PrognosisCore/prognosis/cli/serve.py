"""`prognosis serve`: one command after another from standard input, for a program that keeps this process alive.

Each line of standard input is a JSON object, {"id": 1, "arguments": ["lesions", "score", ...]}. Each command says on
standard error what it says when run alone, after {"event": "started", "id": 1} and before
{"event": "finished", "id": 1, "code": 0}. The end of standard input ends the process, in the middle of a command too,
so that it never outlives the program it works for.
"""

import argparse
import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass
from io import FileIO
from typing import Any

from prognosis.cli.console import Console
from prognosis.cli.options import Verbs
from prognosis.errors import ModelError, UsageError

_CANCELLED = 130
_SECONDS_TO_STOP = 2.0
_PREPARED = ("lesions",)


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Add the command; the help does not list it, for nobody types it."""
    parser = verbs.add_parser("serve", parents=[common])
    parser.add_argument("--prepare", choices=_PREPARED, help="load what these commands need before any is asked for")
    parser.add_argument("--idle-minutes", type=float, default=10.0, metavar="N", help="end when nothing is asked for")
    parser.set_defaults(run=_run)


@dataclass(frozen=True)
class _Request:
    """One command to run."""

    number: int
    arguments: tuple[str, ...]

    @staticmethod
    def of(line: bytes) -> "_Request":
        try:
            content = json.loads(line)
            number, arguments = content["id"], content["arguments"]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"A request could not be read: {line[:200]!r}.") from error
        if not isinstance(number, int) or not _are_texts(arguments):
            raise UsageError(f"A request could not be read: {line[:200]!r}.")
        return _Request(number, tuple(arguments))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


@dataclass
class _Requests:
    """Requests as they come in, read by a thread so that the end of input is seen while a command runs."""

    stream: FileIO
    busy: bool = False

    def __post_init__(self) -> None:
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, timeout_s: float) -> _Request | None:
        """The next request; None when input ended or none came in time."""
        try:
            line = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None
        return None if line is None else _Request.of(line)

    def _read(self) -> None:
        for line in iter(self.stream.readline, b""):
            self._waiting.put(line)
        self._waiting.put(None)
        if self.busy:
            signal.raise_signal(signal.SIGTERM)
        time.sleep(_SECONDS_TO_STOP)
        os._exit(_CANCELLED)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    requests = _Requests(_own_stdin())
    if arguments.prepare == "lesions":
        _prepare_lesions()
    _tell({"event": "ready"})
    while True:
        request = requests.next(arguments.idle_minutes * 60)
        if request is None:
            return 0
        requests.busy = True
        _tell({"event": "started", "id": request.number})
        code = _answer(request)
        requests.busy = False
        _tell({"event": "finished", "id": request.number, "code": code})
        if code == _CANCELLED:
            return code


def _answer(request: _Request) -> int:
    from prognosis.cli.main import main

    if "serve" in request.arguments[:1]:
        raise UsageError("A command that is served cannot serve.")
    try:
        return main(request.arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def _prepare_lesions() -> None:
    """Load what takes seconds; a model that is missing is told by the command that needs it."""
    from prognosis.cli.scoring import scorer_of
    from prognosis.engines.engine import Engine

    with contextlib.suppress(ModelError):
        scorer_of(None, Engine.AUTO)


def _own_stdin() -> FileIO:
    """Take standard input away from everything else in this process.

    A thread that waits on it would otherwise hold up libraries that look at it while they load, as Windows makes them.
    """
    own, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return FileIO(own)


def _tell(document: dict[str, Any]) -> None:
    """Write a line of its own, whatever a library may have written before without ending the line."""
    sys.stdout.flush()
    sys.stderr.write(f"\n{json.dumps(document)}\n")
    sys.stderr.flush()
