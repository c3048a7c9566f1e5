"""Working hours of a batch."""

from collections.abc import Callable
from datetime import datetime, time, timedelta


def open_until(end: time | None, now: Callable[[], datetime] = datetime.now) -> Callable[[], bool]:
    """Return what says whether a case may still be started.

    Args:
        end: The time of day after which none is; the next such moment counts, be it tomorrow's. None for no end.
        now: Local time.
    """
    if end is None:
        return lambda: True
    begun = now()
    last = datetime.combine(begun.date(), end)
    if last <= begun:
        last += timedelta(days=1)
    return lambda: now() < last
