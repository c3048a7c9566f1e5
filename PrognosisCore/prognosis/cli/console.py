"""What the command line says: results on standard output, progress and warnings on standard error."""

import argparse
import json
import logging
import sys
from types import TracebackType
from typing import Any, Self, TextIO

from tqdm import tqdm

_LOG = logging.getLogger("prognosis")


class Console:
    """Talks to the person or program that runs a command.

    Args:
        as_json: Results go to standard output as one JSON document, and words nowhere.
        json_progress: Progress goes to standard error as one JSON object a line.
        stderr: Where progress goes.
    """

    def __init__(self, *, as_json: bool = False, json_progress: bool = False, stderr: TextIO | None = None) -> None:
        self._as_json = as_json
        self._json_progress = json_progress
        self._stderr = stderr or sys.stderr
        self._bar: tqdm | None = None
        self._step = ""
        self._tenth = -1

    @staticmethod
    def of(arguments: argparse.Namespace) -> "Console":
        return Console(as_json=arguments.json, json_progress=arguments.progress == "json")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()

    def progress(self, step: str, done: int, total: int) -> None:
        """Tell that `done` of `total` of a step are finished."""
        if self._json_progress:
            self._write_line({"event": "progress", "step": step, "done": done, "total": total})
        elif self._stderr.isatty():
            self._move_bar(step, done, total)
        else:
            self._log_tenths(step, done, total)

    def say(self, text: str) -> None:
        """Print words for a person; silent when the result is asked for as JSON."""
        if not self._as_json:
            self._close_bar()
            sys.stdout.write(text + "\n")

    def warn(self, text: str) -> None:
        """Print a warning to standard error."""
        self._close_bar()
        if self._json_progress:
            self._write_line({"event": "warning", "text": text})
        else:
            _LOG.warning(text)

    def result(self, document: Any) -> None:
        """Print the result for a program, when it is asked for."""
        if self._as_json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")

    def fail(self, error: str, remedy: str) -> None:
        """Print an error."""
        self._close_bar()
        if self._json_progress:
            self._write_line({"event": "error", "text": error, "remedy": remedy})
        else:
            self._stderr.write(f"prognosis: {error} {remedy}".rstrip() + "\n")

    def _write_line(self, document: dict[str, Any]) -> None:
        self._stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
        self._stderr.flush()

    def _move_bar(self, step: str, done: int, total: int) -> None:
        if self._bar is None or self._step != step:
            self._close_bar()
            self._bar, self._step = tqdm(total=total, desc=step, file=self._stderr, leave=False), step
        self._bar.update(done - self._bar.n)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _log_tenths(self, step: str, done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        if step != self._step or tenth != self._tenth:
            self._step, self._tenth = step, tenth
            _LOG.info("%s: %d of %d", step, done, total)
