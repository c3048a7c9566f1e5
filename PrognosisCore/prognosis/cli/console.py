"""What the command line says: results on standard output, progress and warnings on standard error."""

import argparse
import json
import logging
import sys
from types import TracebackType
from typing import Any, Self, TextIO

from tqdm import tqdm

from prognosis.cli.pace import Pace, words_of

_LOG = logging.getLogger("prognosis")
_FIRST_LINE_S = 60.0
"""After which a log is told how long a step will take; then after twice as long each time, and at each tenth."""

_SHORT_S = 5.0


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
        self._due_s = _FIRST_LINE_S
        self._pace = Pace()

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
        """Tell that `done` of `total` of a step are finished, and how long the rest will take."""
        elapsed, left = self._pace.elapsed_s(step, done), self._pace.remaining_s(step, done, total)
        if self._json_progress:
            told = {"event": "progress", "step": step, "done": done, "total": total}
            self._write_line(told if left is None else {**told, "remaining_s": round(left, 1)})
        elif self._stderr.isatty():
            self._move_bar(step, done, total, elapsed)
        else:
            self._log_sometimes(step, done, total, elapsed, left)

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

    def _move_bar(self, step: str, done: int, total: int, elapsed: float) -> None:
        if self._bar is None or self._step != step:
            self._close_bar()
            first = self._pace.done_at_first(step)
            self._bar = tqdm(total=total, desc=step, file=self._stderr, leave=False, initial=first, smoothing=0)
            self._bar.start_t -= elapsed
            self._bar.n, self._step = done, step
            self._bar.refresh()
        self._bar.update(done - self._bar.n)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _log_sometimes(self, step: str, done: int, total: int, elapsed: float, left: float | None) -> None:
        """Log at each tenth and, of what takes long, sooner: at a minute, at two, at four and so on."""
        tenth = done * 10 // max(total, 1)
        if step != self._step:
            self._due_s = _FIRST_LINE_S
        elif tenth == self._tenth and elapsed < self._due_s:
            return
        while elapsed >= self._due_s:
            self._due_s *= 2
        self._step, self._tenth = step, tenth
        tells = left is not None and elapsed >= _SHORT_S and done < total
        _LOG.info("%s: %d of %d%s", step, done, total, f", {words_of(left or 0.0)} left" if tells else "")
