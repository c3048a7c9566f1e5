"""What a batch computes, and what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Fact = str | int | float | None
Facts = Mapping[str, Fact]


@dataclass(frozen=True)
class Case:
    """One row of a cohort.

    Args:
        number: Its row in the table, which names its folder.
        inputs: Role -> file or folder that is read, such as 'image'.
        options: What is asked for this case alone, such as its series.
        private: Texts that may tell who the patient is, such as the id: kept out of the summary and the log.
    """

    number: int
    inputs: Mapping[str, Path]
    options: Mapping[str, str] = field(default_factory=dict)
    private: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"case-{self.number:06d}"


Compute = Callable[[Case, Path], Facts]


class Work(Protocol):
    """How cases are computed. It is sent to each worker, which prepares it once and then computes case after case."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Plain values that the results depend on besides a case's own files and options: model, options, version."""
        ...

    def prepare(self) -> Compute:
        """Load what all cases need and return what computes one: it writes files into a folder and returns facts."""
        ...


@dataclass(frozen=True)
class Done:
    """A case whose folder is whole.

    Args:
        case: The case.
        facts: What the summary tells of it.
    """

    case: Case
    facts: Facts


@dataclass(frozen=True)
class Failed:
    """A case that has no result.

    Args:
        case: The case.
        cause: Why, in words that name neither the patient nor a path.
        remedy: What can be done.
        once_more: Whether it may succeed when no other case runs beside it.
    """

    case: Case
    cause: str
    remedy: str = ""
    once_more: bool = False


Outcome = Done | Failed
