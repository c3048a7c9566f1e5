"""How long the steps of long work will still take, from how fast they went so far."""

import time
from dataclasses import dataclass

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass
class _Begun:
    at: float
    done: int


class Pace:
    """Remembers when each step was first told of, and how much of it was done then; work may come back to a step."""

    def __init__(self) -> None:
        self._begun: dict[str, _Begun] = {}
        self._last: dict[str, int] = {}

    def elapsed_s(self, step: str, done: int) -> float:
        """Seconds since a step was first told of; 0 where that is now, or where less is done than before."""
        if step not in self._begun or done < self._last[step]:
            self._begun[step] = _Begun(time.monotonic(), done)
        self._last[step] = done
        return time.monotonic() - self._begun[step].at

    def done_at_first(self, step: str) -> int:
        """How much of a step was done when it was first told of, as of one that is resumed."""
        return self._begun[step].done

    def remaining_s(self, step: str, done: int, total: int) -> float | None:
        """Seconds a step will still take at its mean pace so far; None before it moved."""
        elapsed = self.elapsed_s(step, done)
        moved = done - self._begun[step].done
        return elapsed / moved * max(0, total - done) if moved else None


def words_of(seconds: float) -> str:
    """A time that is left, as coarse as it is uncertain."""
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < _HOUR:
        return f"about {round(seconds / _MINUTE)} min"
    if seconds < _DAY:
        return f"about {int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"
    return f"about {int(seconds // _DAY)} d {int(seconds % _DAY // _HOUR)} h"
