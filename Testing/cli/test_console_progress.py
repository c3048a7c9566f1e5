"""What the console tells of long work: how far it is, and how long the rest will take."""

import io
import json
import logging
import time

import pytest

from prognosis.cli.console import Console
from prognosis.cli.pace import Pace, words_of


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when it is told to."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(time, "time", lambda: Clock.now)
    return Clock


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records]


def test_a_log_tells_how_long_a_training_takes_before_its_first_tenth(clock, caplog):
    with caplog.at_level(logging.INFO, logger="prognosis"), Console(stderr=io.StringIO()) as console:
        for done in range(100, 1100, 100):
            console.progress("training", done, 200_000)
            clock.now += 30
    assert lines_of(caplog) == [
        "training: 100 of 200000",
        "training: 300 of 200000, about 16 h 38 min left",
        "training: 500 of 200000, about 16 h 37 min left",
        "training: 900 of 200000, about 16 h 35 min left",
    ]


def test_what_was_done_before_a_resumed_training_does_not_count_as_pace(clock, caplog):
    with caplog.at_level(logging.INFO, logger="prognosis"), Console(stderr=io.StringIO()) as console:
        for done in (50_000, 60_000):
            console.progress("training", done, 100_000)
            clock.now += 600
    assert lines_of(caplog)[-1] == "training: 60000 of 100000, about 40 min left"


def test_a_step_that_is_come_back_to_keeps_its_pace(clock):
    told = io.StringIO()
    console = Console(json_progress=True, stderr=told)
    console.progress("cases", 0, 40)
    for done in (10, 20):
        console.progress("search", 1, 5)
        clock.now += 100
        console.progress("cases", done, 40)
    left = [line["remaining_s"] for line in map(json.loads, told.getvalue().splitlines()) if "remaining_s" in line]
    assert left == [300.0, 200.0]


def test_a_step_that_begins_again_begins_its_pace_again(clock):
    pace = Pace()
    pace.remaining_s("comparing", 0, 10)
    clock.now += 1000
    pace.remaining_s("comparing", 10, 10)
    assert pace.remaining_s("comparing", 1, 10) is None
    clock.now += 2
    assert pace.remaining_s("comparing", 2, 10) == 16


def test_a_bar_tells_the_time_of_the_whole_step_when_it_comes_back(clock):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    told = Terminal()
    with Console(stderr=told) as console:
        console.progress("cases", 10, 40)
        clock.now += 60
        console.progress("other", 1, 2)
        console.progress("cases", 20, 40)
    assert "cases:  50%" in told.getvalue()
    assert "20/40 [01:00<02:00" in told.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59.0, "less than a minute"),
        (90.1, "about 2 min"),
        (3600.0, "about 1 h 0 min"),
        (20_000.0, "about 5 h 33 min"),
        (300_000.0, "about 3 d 11 h"),
    ],
)
def test_time_that_is_left_in_words(seconds, words):
    assert words_of(seconds) == words
