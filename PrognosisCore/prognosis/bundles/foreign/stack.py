"""What a pickle works on: a stack with marks, and a memo of things mentioned again."""

from typing import Any

from prognosis.bundles.foreign.limits import MOST_DIMENSIONS

_KEYS = (str, int, float, bool, bytes, type(None))


class Stack:
    """The values of a pickle being read.

    Every method raises ValueError where the pickle takes what is not there.
    """

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def push(self, value: Any) -> None:
        self._values.append(value)

    def top(self) -> Any:
        if not self._values:
            raise ValueError("a pickle takes more than it holds")
        return self._values[-1]

    def pop(self) -> Any:
        if not self._values:
            raise ValueError("a pickle takes more than it holds")
        return self._values.pop()

    def mark(self) -> None:
        self._below.append(self._values)
        self._values = []

    def pop_to_mark(self) -> list[Any]:
        """What was pushed since the last mark, which goes too."""
        if not self._below:
            raise ValueError("a pickle has no mark where one is needed")
        values, self._values = self._values, self._below.pop()
        return values

    def drop(self) -> None:
        """Forget the last value, or the last mark where nothing follows it."""
        if self._values:
            self._values.pop()
        else:
            self.pop_to_mark()

    def remember(self, at: int) -> None:
        self._memo[at] = self.top()

    def remember_next(self) -> None:
        self._memo[len(self._memo)] = self.top()

    def recall(self, at: int) -> None:
        if at not in self._memo:
            raise ValueError("a pickle refers to what it does not hold")
        self._values.append(self._memo[at])


def exactly(kind: type, value: Any) -> Any:
    """A value that must be of that very type.

    Raises:
        ValueError: It is of another.
    """
    if type(value) is not kind:
        raise ValueError(f"a pickle has a {type(value).__name__} where a {kind.__name__} is needed")
    return value


def key(value: Any) -> Any:
    """A key of a dictionary or member of a set: a plain value or a short flat tuple of them, quick to hash.

    Raises:
        ValueError: It is anything else.
    """
    parts = value if type(value) is tuple else (value,)
    if len(parts) > MOST_DIMENSIONS or not all(type(part) in _KEYS for part in parts):
        raise ValueError(f"a pickle has a {type(value).__name__} as a key")
    return value
