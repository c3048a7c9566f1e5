"""Working hours of a batch."""

from collections.abc import Callable
from datetime import datetime, time, timedelta


def last_start(end: time, now: Callable[[], datetime] = datetime.now) -> datetime:
    """The next moment of a time of day, be it tomorrow's.

    Args:
        end: The time of day.
        now: Local time.
    """
    begun = now()
    last = datetime.combine(begun.date(), end)
    return last if last > begun else last + timedelta(days=1)


def open_until(last: datetime | None, now: Callable[[], datetime] = datetime.now) -> Callable[[], bool]:
    """Return what says whether a case may still be started.

    Args:
        last: The moment from which on none is; None for no end.
        now: Local time.
    """
    if last is None:
        return lambda: True
    return lambda: now() < last
