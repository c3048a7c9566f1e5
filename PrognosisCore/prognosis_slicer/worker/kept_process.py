"""A running `prognosis serve`: requests go in, messages come out, and nobody waits for it."""

import contextlib
import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from prognosis_slicer.worker import process_group
from prognosis_slicer.worker.interpreter import Interpreter
from prognosis_slicer.worker.messages import Message, message_of

_LONGEST_LINE = 65_536
_SECONDS_TO_END = 1.0
_MESSAGES_A_TIME = _LINES_WAITING = 5_000


class KeptProcess:
    """A process that serves commands until its standard input ends.

    Threads do nothing but put lines into a queue; all else happens in the thread that calls.

    Args:
        interpreter: Runs it.
        library: Folder that holds the package `prognosis`.
        options: Of `prognosis serve`.
    """

    def __init__(self, interpreter: Interpreter, library: Path, options: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [interpreter.executable, "-m", "prognosis", "serve", "--progress=json", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=interpreter.environment_for(library),
            **process_group.OWN_GROUP,
        )
        # Bounded: a process that floods waits until it is heard.
        self._lines: queue.Queue[str] = queue.Queue(_LINES_WAITING)
        self._readers = [self._reader(self._process.stdout), self._reader(self._process.stderr)]
        self._asked_to_end_at: float | None = None
        self._ended_at: float | None = None
        self._killed = False

    @property
    def number(self) -> int:
        """The id of the process, and of its group."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the process itself still runs; when it does not, what it left behind is ended."""
        if self._process.poll() is None:
            return True
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        if self._had_time_to_end or not self._readers_run:
            # Now or never: later its number may be that of another group.
            self._kill()
        return False

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    @property
    def silent(self) -> bool:
        """Whether it has ended with all it started, and everything said was heard."""
        if self.runs or self._ended_at is None or not self._killed or not self._lines.empty():
            return False
        # A process that left the group may hold the pipes open for ever.
        return not self._readers_run or time.monotonic() - self._ended_at > _SECONDS_TO_END

    def request(self, number: int, arguments: Sequence[str]) -> bool:
        """Send a command.

        Returns:
            Whether the process was still there to take it.
        """
        assert self._process.stdin is not None
        line = json.dumps({"id": number, "arguments": list(arguments)}) + "\n"
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def messages(self) -> Iterator[Message]:
        """What was said since the last call, no more at a time than a window can take without a stop."""
        for _ in range(_MESSAGES_A_TIME):
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            if line:
                yield message_of(line)

    def ask_to_end(self) -> None:
        """End its input and ask its group to end; `press` sees to it."""
        if self._asked_to_end_at is None and self.runs:
            self._asked_to_end_at = time.monotonic()
            self._end_input()
            process_group.ask_to_end(self._process)

    def press(self) -> None:
        """To be called again and again after `ask_to_end`: kill what has not ended a second later."""
        if self.runs and self._asked_to_end_at is not None and self._had_time_to_end:
            self._kill()

    def end(self, *, at_once: bool) -> None:
        """End it with all it started, and wait for that, at most a few seconds.

        Args:
            at_once: Give it no time to tidy up, for it has nothing to do.
        """
        if not at_once:
            self.ask_to_end()
            self._await_silence()
        self._kill()
        self._end_input()
        self._await_silence()

    @property
    def _had_time_to_end(self) -> bool:
        """Whether a second passed since it was asked to end; after an end unasked there is nothing to wait for."""
        return self._asked_to_end_at is None or time.monotonic() - self._asked_to_end_at > _SECONDS_TO_END

    @property
    def _readers_run(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def _await_silence(self) -> None:
        """Wait a second at most, and listen, lest it waits to be heard."""
        end = time.monotonic() + _SECONDS_TO_END
        while (self._process.poll() is None or self._readers_run) and time.monotonic() < end:
            for _ in self.messages():
                pass
            time.sleep(0.005)

    def _kill(self) -> None:
        if not self._killed:
            self._killed = True
            process_group.kill(self._process)

    def _end_input(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _reader(self, stream: IO[bytes] | None) -> threading.Thread:
        assert stream is not None
        thread = threading.Thread(target=_read, args=(stream, self._lines), daemon=True)
        thread.start()
        return thread


def _read(stream: IO[bytes], lines: "queue.Queue[str]") -> None:
    with stream:
        for line in iter(lambda: stream.readline(_LONGEST_LINE), b""):
            lines.put(line.decode("utf-8", "replace").rstrip())
