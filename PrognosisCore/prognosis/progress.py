"""How long work tells where it stands."""

from typing import Protocol


class Progress(Protocol):
    """Called from the working thread with the step's name and how much of it is done."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Report to nobody."""
