"""Workers as processes of this machine, each of which can be ended alone."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from prognosis.batch.case import Failed, Outcome, Work
from prognosis.batch.executor import Task
from prognosis.batch.worker import Answer, Ready, serve
from prognosis.errors import PrognosisError

_STARTS_AT_MOST = 3
_MEMORY_A_WORKER = 4_000_000_000
_LONGEST_WAIT_S = 3600.0


@dataclass(eq=False)
class _Worker:
    """A process, the task it has, and when that must be finished.

    Args:
        ready: Whether it has loaded the work; a task is sent then.
        deadline: On the monotonic clock; None without a limit.
    """

    process: BaseProcess
    connection: Connection
    ready: bool = False
    task: Task | None = None
    deadline: float | None = None


@dataclass
class LocalProcesses:
    """An `Executor` of processes that load the work once and are used for task after task.

    Args:
        work: What is computed.
        workers: How many run at once.
        case_timeout_s: The longest a task may take, None for any time; its worker is ended and replaced.
    """

    work: Work
    workers: int = 1
    case_timeout_s: float | None = None
    _crew: list[_Worker] = field(default_factory=list, init=False)
    _put_back: list[Task] = field(default_factory=list, init=False)
    _failed_starts: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in tuple(self._crew):
            self._end(worker)

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Yield outcomes as `Executor.run` says."""
        waiting = iter(tasks)
        while True:
            while len(busy := [worker for worker in self._crew if worker.task is not None]) < self.workers:
                task = self._put_back.pop() if self._put_back else next(waiting, None)
                if task is None:
                    break
                self._give(task)
            if not busy:
                return
            yield from self._outcomes(busy)

    def _give(self, task: Task) -> None:
        worker = next((worker for worker in self._crew if worker.task is None), None) or self._start()
        worker.task = task
        if worker.ready:
            self._send_task(worker)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        threads = max(1, cores() // self.workers)
        process = context.Process(target=serve, args=(theirs, threads), daemon=True)
        with _interrupts_held_back():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._crew.append(worker)
        self._send(worker, self.work)
        return worker

    def _send_task(self, worker: _Worker) -> None:
        if self.case_timeout_s is not None:
            worker.deadline = time.monotonic() + self.case_timeout_s
        self._send(worker, worker.task)

    def _send(self, worker: _Worker, message: object) -> None:
        """Send; a worker that is no longer there is noticed when its answer is awaited."""
        try:
            worker.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _outcomes(self, busy: Sequence[_Worker]) -> Iterator[Outcome]:
        """Wait until something happens, and yield what finished."""
        deadlines = [worker.deadline for worker in busy if worker.deadline is not None]
        patience = min(max(0.0, min(deadlines) - time.monotonic()), _LONGEST_WAIT_S) if deadlines else None
        speaking = wait([worker.connection for worker in busy], patience)
        for worker in busy:
            outcome = None
            if worker.connection in speaking:
                outcome = self._hear(worker)
            elif worker.deadline is not None and time.monotonic() >= worker.deadline:
                outcome = self._overdue(worker)
            if outcome is not None:
                yield outcome

    def _hear(self, worker: _Worker) -> Outcome | None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            return self._lost(worker)
        if isinstance(message, Ready):
            if message.problem is not None:
                raise message.problem
            worker.ready, self._failed_starts = True, 0
            self._send_task(worker)
            return None
        assert isinstance(message, Answer)
        worker.task = worker.deadline = None
        if message.last:
            self._end(worker)
        return message.outcome

    def _lost(self, worker: _Worker) -> Outcome | None:
        """A worker that died took its task with it; one that had not begun gives it back."""
        task = worker.task
        assert task is not None
        worker.process.join()
        how = _ending(worker.process.exitcode)
        self._end(worker)
        if worker.ready:
            return Failed(
                task.case, f"Its worker ended ({how}).", "Was memory short? Run with fewer --workers.", once_more=True
            )
        self._put_back.append(task)
        self._failed_starts += 1
        if self._failed_starts == _STARTS_AT_MOST:
            raise PrognosisError(
                f"{_STARTS_AT_MOST} workers ended before they were ready, the last one with {how}.",
                remedy="Run with fewer --workers, and try 'prognosis doctor'.",
            )
        return None

    def _overdue(self, worker: _Worker) -> Outcome:
        task = worker.task
        assert task is not None
        self._end(worker)
        return Failed(
            task.case,
            f"It was not finished after {self.case_timeout_s:g} seconds.",
            "Run the same command again with a longer --case-timeout.",
        )

    def _end(self, worker: _Worker) -> None:
        self._crew.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach, not even while it imports; this one hears of it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def sensible_workers() -> int:
    """How many cases to run at once when nobody says: one a processor, as far as there is memory for them."""
    workers = cores()
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        workers = min(workers, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEMORY_A_WORKER)
    return max(1, workers)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ending(exit_code: int | None) -> str:
    """A process's end in words: the name of the signal, or the number."""
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
