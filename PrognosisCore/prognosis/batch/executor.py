"""Where cases are computed: the one interface a batch knows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from prognosis.batch.case import Case, Outcome


@dataclass(frozen=True)
class Task:
    """A case and the folder it is computed into, which does not exist yet.

    Args:
        case: The case.
        folder: Made by the worker; whole when the outcome is `Done`, and of no worth otherwise.
    """

    case: Case
    folder: Path


class Executor(Protocol):
    """Computes tasks on some workers. Leaving its context ends everything that still runs."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Yield the outcome of every task as it finishes.

        A task is taken from `tasks` only when a worker can start it, so that the giver may stop giving at any time.
        A worker that dies or exceeds its time fails its own task and no other.

        Raises:
            PrognosisError: No worker can be started.
        """
        ...
