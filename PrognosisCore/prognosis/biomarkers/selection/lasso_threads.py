"""Threads that each do their own linear algebra."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

from prognosis.batch.local_processes import cores

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_Map = Callable[[Callable[[_Job], _Result], Iterable[_Job]], Iterator[_Result]]


def allowed_threads() -> int:
    """One a processor, or fewer where OMP_NUM_THREADS or NUMBA_NUM_THREADS say so."""
    limits = [os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")]
    return min([cores(), *(int(limit) for limit in limits if limit.isdigit() and int(limit) > 0)])


@contextmanager
def mapping_threads(jobs: int) -> Iterator[_Map]:
    """A `map` whose calls run on threads; leaving it, also by an error, drops the calls that have not begun.

    Meanwhile numpy multiplies matrices on the calling thread alone: its own threads would wait for each other.

    Args:
        jobs: How many calls there are at most; a single one runs on the calling thread.
    """
    threads = min(allowed_threads(), jobs)
    if threads <= 1:
        yield map
        return
    pool = ThreadPoolExecutor(threads)
    with threadpool_limits(1, "blas"):
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)
