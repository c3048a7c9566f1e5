"""The process that computes cases: it is told what over a pipe, answers there, and ends with its parent."""

import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection

from prognosis.batch.attempt import attempt, failed_by
from prognosis.batch.case import Outcome, Work
from prognosis.batch.executor import Task
from prognosis.errors import PrognosisError

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


@dataclass(frozen=True)
class Ready:
    """The worker has loaded what it needs.

    Args:
        problem: Why it cannot work at all; None when it can.
    """

    problem: PrognosisError | None = None


@dataclass(frozen=True)
class Answer:
    """What became of a task.

    Args:
        outcome: Of the task.
        last: Whether the worker ends now, since nobody knows in what state it is.
    """

    outcome: Outcome
    last: bool = False


def serve(connection: Connection, threads: int) -> None:
    """Receive a `Work`, then tasks, until the other end is closed.

    Args:
        connection: Receives `Work`, then `Task`s; sends `Ready`, then an `Answer` a task.
        threads: How many threads the worker's libraries may use.
    """
    _settle(threads)
    try:
        _serve(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _serve(connection: Connection) -> None:
    work: Work = connection.recv()
    try:
        compute = work.prepare()
    except PrognosisError as error:
        connection.send(Ready(error))
        return
    settings = dict(work.settings)
    connection.send(Ready())
    while True:
        task: Task = connection.recv()
        try:
            answer = Answer(attempt(task.case, task.folder, settings, compute))
        except Exception as error:
            connection.send(Answer(failed_by(error, task.case, task.folder), last=True))
            raise
        connection.send(answer)


def _settle(threads: int) -> None:
    """Leave cancelling to the parent, end with it, use few threads, and say nothing: libraries print paths."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
