"""What is known of every case of a batch, at any moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from prognosis.batch.case import Case, Done, Facts, Failed, Outcome


class State(StrEnum):
    """What became of a case in this run."""

    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    NOT_STARTED = "not started"


@dataclass(frozen=True)
class Entry:
    """One line of the summary.

    Args:
        case: The case.
        state: What became of it.
        facts: What its result says; empty without one.
        cause: Why it failed.
        remedy: What can be done.
    """

    case: Case
    state: State
    facts: Facts = field(default_factory=dict)
    cause: str = ""
    remedy: str = ""


class Ledger:
    """The entries of a batch in the order of its table; a case nothing is known of has not been started.

    Args:
        cases: All rows.
        kept: Number of the row -> facts of the results that former runs left.
    """

    def __init__(self, cases: Sequence[Case], kept: Mapping[int, Facts]) -> None:
        self._entries = {
            case.number: Entry(case, State.KEPT, kept[case.number])
            if case.number in kept
            else Entry(case, State.NOT_STARTED)
            for case in cases
        }
        self._counts = Counter(entry.state for entry in self.entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    @property
    def waiting(self) -> tuple[Case, ...]:
        """The cases that have not been started."""
        return tuple(entry.case for entry in self.entries if entry.state is State.NOT_STARTED)

    def count(self, state: State) -> int:
        return self._counts[state]

    def enter(self, outcome: Outcome) -> Entry:
        """Note what became of a case."""
        match outcome:
            case Done(case, facts):
                entry = Entry(case, State.DONE, facts)
            case Failed(case, cause, remedy):
                entry = Entry(case, State.FAILED, cause=cause, remedy=remedy)
        self._counts[self._entries[entry.case.number].state] -= 1
        self._counts[entry.state] += 1
        self._entries[entry.case.number] = entry
        return entry


def tell_nobody(entry: Entry) -> None:
    """Take note of nothing."""
