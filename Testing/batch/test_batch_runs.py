"""One case in trouble, and what becomes of the others."""

import time

import pytest
from toy_work import Toy, run_toy, toy_cases

from prognosis.batch import local_processes
from prognosis.batch.ledger import State
from prognosis.errors import ModelError, PrognosisError


def results(output):
    return {path.parent.name: path.read_text(encoding="utf-8") for path in output.glob("case-*/number.txt")}


def partials(output):
    return list(output.glob(".partial-*"))


def test_every_row_gets_its_folder(tmp_path):
    entries = run_toy(toy_cases(tmp_path / "in", [5, 6, 7]), tmp_path / "out")
    assert [entry.state for entry in entries.values()] == [State.DONE] * 3
    assert entries[3].facts == {"number": 6, "warnings": "image was read"}
    assert results(tmp_path / "out") == {"case-000002": "5", "case-000003": "6", "case-000004": "7"}
    assert not partials(tmp_path / "out")


FAILURES = {
    "a fault of the input": ("input error", "image: it is broken; image again", "Mend the folder of image"),
    "a list of what files say": ("listing", "image holds 2 series.", "Choose one"),
    "a fault of the program": ("unexpected", "unexpected KeyError in toy_work.py, line", "report it"),
    "memory in Python": ("memory", "Memory ran out", "fewer --workers"),
    "memory in a library": ("library memory", "Memory ran out", "fewer --workers"),
    "memory while reading": ("reader memory", "Memory ran out", "fewer --workers"),
    "kill -9 of the worker": ("kill", "Its worker ended (SIGKILL)", "fewer --workers"),
    "a crash of the worker": ("crash", "Its worker ended (SIGABRT)", "fewer --workers"),
    "no room for a file": ("no space", "could not be written: File too large", "Free some space"),
    "a file that changes meanwhile": ("touch", "changed while they were read", "again"),
}


@pytest.mark.parametrize(("how", "cause", "remedy"), FAILURES.values(), ids=FAILURES)
def test_one_case_fails_alone(tmp_path, how, cause, remedy):
    cases = toy_cases(tmp_path / "in", range(6), {4: how})
    told = []
    entries = run_toy(cases, tmp_path / "out", told=told.append)
    assert {row for row, entry in entries.items() if entry.state is State.FAILED} == {4}
    assert cause in entries[4].cause
    assert remedy in entries[4].remedy
    assert "Secret" not in entries[4].cause
    assert len(results(tmp_path / "out")) == 5
    assert not partials(tmp_path / "out")
    assert sorted(entry.case.number for entry in told) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("how", ["memory once", "kill once"])
def test_what_needs_the_whole_memory_is_tried_once_more_alone(tmp_path, how):
    entries = run_toy(toy_cases(tmp_path / "in", range(5), {3: how}), tmp_path / "out")
    assert [entry.state for entry in entries.values()] == [State.DONE] * 5
    assert len(results(tmp_path / "out")) == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_a_case_that_never_ends_is_ended_alone(tmp_path, workers):
    cases = toy_cases(tmp_path / "in", range(4), {3: "sleep"})
    begun = time.monotonic()
    entries = run_toy(cases, tmp_path / "out", workers=workers, timeout=1.0)
    assert time.monotonic() - begun < 20
    assert [entry.state is State.FAILED for entry in entries.values()] == [False, True, False, False]
    assert "not finished after 1 seconds" in entries[3].cause
    assert not partials(tmp_path / "out")


def test_a_time_limit_beyond_what_a_system_can_wait_is_no_trouble(tmp_path):
    entries = run_toy(toy_cases(tmp_path / "in", [5]), tmp_path / "out", timeout=9_999_999.0)
    assert [entry.state for entry in entries.values()] == [State.DONE]


def test_a_failed_case_is_tried_again_and_a_done_one_kept(tmp_path):
    run_toy(toy_cases(tmp_path / "in", range(4), {3: "kill"}), tmp_path / "out")
    entries = run_toy(toy_cases(tmp_path / "in", range(4)), tmp_path / "out")
    states = [entry.state for entry in entries.values()]
    assert states == [State.KEPT, State.DONE, State.KEPT, State.KEPT]
    assert entries[2].facts["number"] == 0


def test_no_case_is_started_when_time_is_up(tmp_path):
    cases = toy_cases(tmp_path / "in", range(6))
    asked = iter([True, True, False])
    entries = run_toy(cases, tmp_path / "out", workers=1, may_start=lambda: next(asked, False))
    assert [entry.state for entry in entries.values()] == [State.DONE] * 2 + [State.NOT_STARTED] * 4
    entries = run_toy(cases, tmp_path / "out")
    assert [entry.state for entry in entries.values()] == [State.KEPT] * 2 + [State.DONE] * 4


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path):
    with pytest.raises(ModelError, match="damaged"):
        run_toy(toy_cases(tmp_path / "in", range(3)), tmp_path / "out", Toy(fault="refuses"))


def test_workers_that_never_begin_are_not_started_for_ever(tmp_path):
    with pytest.raises(PrognosisError, match="3 workers ended before they were ready.*exit code 7"):
        run_toy(toy_cases(tmp_path / "in", range(3)), tmp_path / "out", Toy(fault="dies"))


def test_interrupting_ends_the_workers_and_leaves_what_is_done(tmp_path):
    cases = toy_cases(tmp_path / "in", range(4), {2: "sleep"})

    def interrupt(entry):
        if entry.case.number == 4:
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_toy(cases, tmp_path / "out", told=interrupt)
    assert time.monotonic() - begun < 20
    assert results(tmp_path / "out") == {"case-000003": "1", "case-000004": "2"}
    assert not partials(tmp_path / "out")


def test_two_workers_run_at_once(tmp_path):
    begun = time.monotonic()
    run_toy(toy_cases(tmp_path / "in", range(2)), tmp_path / "out", Toy(seconds=3.0))
    assert time.monotonic() - begun < 5.9


@pytest.mark.parametrize(("processors", "gigabytes", "expected"), [(2, 16, 2), (16, 24, 6), (1, 64, 1), (4, 2, 1)])
def test_as_many_workers_as_processors_and_memory_allow(monkeypatch, processors, gigabytes, expected):
    monkeypatch.setattr(local_processes, "cores", lambda: processors)
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, gigabytes * 10**9 // 4096 + 1))
    assert local_processes.sensible_workers() == expected
