"""Runs commands of `prognosis` beside the application, one at a time, and never makes it wait."""

import atexit
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from prognosis.errors import PrognosisError, UsageError
from prognosis_slicer.worker.folders import remove
from prognosis_slicer.worker.interpreter import Interpreter, find_interpreter, library_folder
from prognosis_slicer.worker.job import Finished, Job, OnFailed, OnFinished, OnProgress, cancelled, failure_of
from prognosis_slicer.worker.kept_process import KeptProcess
from prognosis_slicer.worker.messages import Complained
from prognosis_slicer.worker.run import Run
from prognosis_slicer.worker.ticking import Ticker

_LOG_LINES = 200
_SECONDS_TO_CANCEL = 1.8
_SECONDS_BETWEEN_POLLS = 0.02


class LocalWorker:
    """One process that is kept alive between commands, since loading libraries and a model takes seconds.

    Everything happens on the thread that calls; callbacks are called by `poll` only.

    Args:
        ticker: Calls `poll` while a command runs.
        interpreter: What runs the process; None finds it.
        library: Folder that holds the package `prognosis`; None takes the one this file lies in.
        idle_minutes: The process ends by itself when it has had nothing to do for so long.
    """

    def __init__(
        self,
        ticker: Ticker,
        *,
        interpreter: Interpreter | None = None,
        library: Path | None = None,
        idle_minutes: float = 10.0,
    ) -> None:
        self._ticker = ticker
        self._interpreter = interpreter
        self._library = library or library_folder()
        self._idle_minutes = idle_minutes
        self._process: KeptProcess | None = None
        self._number = 0
        self._run: Run | None = None
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        atexit.register(self.close)

    @property
    def busy(self) -> bool:
        """Whether a command runs."""
        return self._run is not None

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines that the latest command said beside its messages."""
        return tuple(self._log)

    @property
    def process_number(self) -> int | None:
        """The id of the process, None when there is none."""
        return self._process.number if self._process and self._process.runs else None

    def start(
        self,
        arguments: Iterable[object],
        on_progress: OnProgress,
        on_finished: OnFinished,
        on_failed: OnFailed,
        *,
        folders: Sequence[Path] = (),
    ) -> None:
        """Start a command and return at once.

        Args:
            arguments: What follows `prognosis` on the command line, such as "lesions", "score", ...
            on_progress: Called with a step's name and how much of it is done; the newest of each `poll`.
            on_finished: Called when it ended well.
            on_failed: Called with the error when it did not; with `CancelledError` after `cancel`.
            folders: Temporary folders, removed after `on_finished` or `on_failed` returned.

        Raises:
            UsageError: Another command runs, or the process cannot be started. The folders are left to the caller.
        """
        if self._run is not None:
            raise UsageError("Another command is running.", remedy="Wait for it, or cancel it.")
        texts = tuple(str(argument) for argument in arguments)
        self._number += 1
        self._log.clear()
        run = Run(Job(texts, on_progress, on_finished, on_failed, tuple(folders)), self._number)
        run.reused = self._send(run)
        self._run = run
        self._ticker.start(self.poll)

    def warm_up(self, kind: str = "lesions") -> None:
        """Start the process and let it load what commands of a kind need, before any is asked for."""
        if self._process is None or not self._process.runs:
            self._launch("--prepare", kind)

    def cancel(self) -> None:
        """Stop the command with all it started; returns at once, and `poll` tells within two seconds."""
        if self._run is not None and self._run.cancelled_at is None:
            self._run.cancelled_at = time.monotonic()
            if self._process is not None:
                self._process.ask_to_end()

    def poll(self) -> None:
        """Hear what the process said and call the callbacks; to be called some times a second."""
        run = self._run
        if run is None:
            self._ticker.stop()
            return
        before = run.progress
        self._hear(run)
        progress = run.progress if run.progress is not before else None
        end = self._end_of(run)
        if end is not None:
            self._run = None
            self._ticker.stop()
        try:
            if progress is not None and run.cancelled_at is None:
                run.job.on_progress(progress.step, progress.done, progress.total)
        finally:
            if end is not None:
                self._deliver(run.job, end)

    def wait(self) -> None:
        """Poll until the command ended: for scripts without a window."""
        while self.busy:
            self.poll()
            time.sleep(_SECONDS_BETWEEN_POLLS)

    def close(self) -> None:
        """End the process with all it started and remove the folders of its command; no callback is called."""
        run, self._run = self._run, None
        process, self._process = self._process, None
        self._ticker.stop()
        atexit.unregister(self.close)
        if process is not None:
            process.end(at_once=run is None)
        if run is not None:
            remove(run.job.folders)

    def _deliver(self, job: Job, end: "Finished | PrognosisError") -> None:
        try:
            if isinstance(end, Finished):
                job.on_finished(end)
            else:
                job.on_failed(end)
        finally:
            remove(job.folders)

    def _send(self, run: Run) -> bool:
        """Give a command to the process, starting one when there is none.

        Returns:
            Whether the process had been there before, and might end of idleness before it reads the command.
        """
        arguments = (*run.job.arguments, "--progress=json")
        if self._process is not None and self._process.runs and self._process.request(run.number, arguments):
            return True
        self._launch().request(run.number, arguments)
        return False

    def _launch(self, *options: str) -> KeptProcess:
        if self._process is not None:
            self._process.end(at_once=True)
        interpreter = self._interpreter or find_interpreter()
        try:
            self._process = KeptProcess(
                interpreter, self._library, (f"--idle-minutes={self._idle_minutes:g}", *options)
            )
        except OSError as error:
            raise UsageError(
                f"{interpreter.executable} cannot be started: {error.strerror}.", remedy="Install the program again."
            ) from error
        return self._process

    def _hear(self, run: Run) -> None:
        if self._process is not None:
            for message in self._process.messages():
                run.hear(message, self._log)

    def _end_of(self, run: Run) -> "Finished | PrognosisError | None":
        """What became of the command; None while it runs."""
        process = self._process
        assert process is not None
        if run.cancelled_at is None and run.code is not None:
            return self._ending(run, run.code)
        if run.cancelled_at is None and process.runs:
            return None
        process.press()
        if run.cancelled_at is not None:
            late = time.monotonic() - run.cancelled_at > _SECONDS_TO_CANCEL
            return cancelled() if process.silent or late else None
        if not process.silent:
            return None
        if run.reused and not run.started:
            return self._send_again(run)
        return self._crash(process)

    def _send_again(self, run: Run) -> PrognosisError | None:
        """The process ended of idleness just when the command was given to it."""
        try:
            run.reused = self._send(run)
        except UsageError as error:
            return error
        return None

    def _ending(self, run: Run, code: int) -> "Finished | PrognosisError":
        if code == 0:
            return Finished(tuple(run.warnings), self.log)
        complaint = run.complaint or Complained(self._last_words(), "")
        return failure_of(code, complaint.what, complaint.remedy)

    def _crash(self, process: KeptProcess) -> PrognosisError:
        words = self._last_words()
        missing = "ModuleNotFoundError" in words
        return PrognosisError(
            f"The computation ended without a result (exit code {process.code}). {words}".rstrip(),
            remedy="Install what is missing." if missing else "Was memory short? Look at the log, then try again.",
        )

    def _last_words(self) -> str:
        return self._log[-1] if self._log else ""
