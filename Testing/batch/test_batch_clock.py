from datetime import datetime, time, timedelta

import pytest

from prognosis.batch.clock import last_start, open_until


@pytest.mark.parametrize(
    ("begun", "end", "hours"),
    [("21:00", "23:30", 2.5), ("22:00", "06:30", 8.5), ("06:30", "06:30", 24.0), ("00:00", "00:01", 1 / 60)],
)
def test_the_next_such_time_of_day_ends_the_run(begun, end, hours):
    clock = datetime.combine(datetime(2026, 2, 28), time.fromisoformat(begun))
    last = last_start(time.fromisoformat(end), lambda: clock)
    assert last == clock + timedelta(hours=hours)
    moment = clock
    may_start = open_until(last, lambda: moment)
    moment = last - timedelta(seconds=1)
    assert may_start()
    moment = last
    assert not may_start()


def test_without_an_end_there_is_none():
    assert open_until(None)()
