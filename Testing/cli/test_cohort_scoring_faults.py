"""`lesions score --cohort` when something around the patients goes wrong, and how it is called."""

import contextlib
import csv
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from prognosis.batch.folder import batch_folder
from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort

SMALL = LesionPhantomOptions(patients=1, seed=9, size=(60, 48, 40), spacing=(4.0, 4.0, 5.0), median_lesions=4)


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """The folder of one simulated patient."""
    folder = tmp_path_factory.mktemp("patient")
    write_cohort(SMALL, folder)
    return folder / "patient-000000"


@pytest.fixture
def table(patient, tmp_path):
    """A table of four rows, which are all one patient's."""
    folder = tmp_path / "cohort"
    shutil.copytree(patient, folder)
    rows = [(f"p{number}", f"{number}.nrrd", "lesions-1.seg.nrrd") for number in range(4)]
    for _, image, _ in rows:
        shutil.copy(folder / "image.nrrd", folder / image)
    with (folder / "cohort.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("patient_id", "image", "lesions"), *rows])
    return folder / "cohort.csv"


@pytest.fixture
def run(prognosis, table, tmp_path):
    """Score the table into a folder; returns exit code, standard output and standard error."""

    def run(*more, output=tmp_path / "out"):
        return prognosis("lesions", "score", "--cohort", table, "--output", output, *more)

    return run


def no_worker(*_):
    raise AssertionError("a worker was started")


@pytest.fixture
def nothing_is_computed(monkeypatch):
    monkeypatch.setattr("prognosis.batch.local_processes.LocalProcesses._start", no_worker)


def states(output):
    with (output / "summary.csv").open(encoding="utf-8") as stream:
        return [row["state"] for row in csv.DictReader(stream)]


def start(table, output, limit=None):
    command = [sys.executable, "-m", "prognosis", "lesions", "score", "--cohort", table, "--output", output]
    return subprocess.Popen(
        [str(part) for part in (*command, "--workers", 1, "--progress=json", "--json")],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def await_cases(started, output):
    """Wait until a case is entered: it is once the next one is shown."""
    while len(list(output.glob("case-*"))) < 2:
        time.sleep(0.02)
        assert started.poll() is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--image", "ct.nrrd"], "--image belongs to one patient"),
        (["--lesions", "seg.nrrd", "--series", "3"], "--lesions, --series belongs to one patient"),
        (["--organs", "organs.nrrd"], "--organs belongs to one patient"),
    ],
)
def test_one_patient_and_a_cohort_exclude_each_other(run, nothing_is_computed, tmp_path, wrong, words):
    code, _, err = run(*wrong)
    assert (code, words in err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "flags", [["--workers", "2"], ["--until", "06:30"], ["--case-timeout", "5"]], ids=lambda flags: flags[0]
)
def test_flags_of_a_cohort_need_one(prognosis, patient, tmp_path, flags):
    image, lesions = patient / "image.nrrd", patient / "lesions-1.seg.nrrd"
    code, _, err = prognosis(
        "lesions", "score", "--image", image, "--lesions", lesions, "--output", tmp_path / "out", *flags
    )
    assert (code, f"{flags[0]} belongs to --cohort" in err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_score_is_wrong_use(prognosis, tmp_path):
    code, _, err = prognosis("lesions", "score", "--output", tmp_path / "out")
    assert (code, "--cohort" in err) == (2, True)


@pytest.mark.parametrize(
    "wrong",
    [
        "--workers=0",
        "--workers=two",
        "--case-timeout=0",
        "--case-timeout=nan",
        "--case-timeout=long",
        "--min-volume-mm3=large",
        "--until=25:00",
        "--until=6",
        "--cohort=",
    ],
)
def test_values_that_cannot_be_are_wrong_use(run, capsys, wrong):
    with pytest.raises(SystemExit) as stopped:
        run(wrong)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert wrong.partition("=")[0] in said
    assert "invalid _" not in said


def test_a_table_that_cannot_be_used_is_told_before_anything(run, nothing_is_computed, table, tmp_path):
    table.write_text("patient_id,image,lesions\nA,,x.nrrd\n", encoding="utf-8")
    code, _, err = run()
    assert (code, "row 2" in err) == (1, True)
    assert not (tmp_path / "out").exists()


def test_outputs_that_cannot_be_written_are_told_before_anything(run, nothing_is_computed, tmp_path):
    (tmp_path / "file").touch()
    for output in (tmp_path / "file", tmp_path / "file/out"):
        code, _, err = run(output=output)
        assert (code, "Choose another --output" in err) == (2, True)
    assert (tmp_path / "file").read_bytes() == b""


def test_no_permission_is_told_before_anything(run, nothing_is_computed, tmp_path):
    closed = Path("/sys/prognosis") if os.geteuid() == 0 else tmp_path / "closed"
    if os.geteuid() == 0 and not os.path.ismount("/sys"):
        pytest.skip("root may write everywhere, and there is no /sys")
    if os.geteuid() != 0:
        closed.mkdir(mode=0o555)
    code, _, err = run(output=closed)
    assert (code, "cannot be written" in err) == (2, True)


def test_a_folder_of_something_else_is_refused(run, nothing_is_computed, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").touch()
    for flags in ([], ["--overwrite"]):
        code, _, err = run(*flags)
        assert (code, "something else" in err) == (2, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_inputs_inside_the_output_are_refused(run, nothing_is_computed, table):
    code, _, err = run("--overwrite", output=table.parent)
    assert (code, "lies in the output folder" in err) == (2, True)
    assert table.exists()


def test_a_second_run_is_refused(run, nothing_is_computed, tmp_path):
    with batch_folder(tmp_path / "out", kind="lesions score"):
        code, _, err = run()
    assert (code, "Another run" in err) == (2, True)


def test_a_full_disk_is_told_before_anything(run, nothing_is_computed, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("prognosis.files.shutil.disk_usage", lambda _: usage(10**9, 10**9 - 10, 10))
    code, _, err = run()
    assert (code, "MB free" in err) == (2, True)


def test_what_auto_stands_for_is_part_of_a_result(run, nothing_is_computed, monkeypatch):
    found = []
    monkeypatch.setattr("prognosis.batch.folder.BatchFolder.keep", lambda *given: found.append(given[2]) or {})
    monkeypatch.setattr("prognosis.batch.clock.open_until", lambda _: lambda: False)
    for installed in (None, True):
        monkeypatch.setattr("prognosis.cli.lesions_score_cohort.find_spec", lambda _, found=installed: found)
        run()
    run("--engine", "torch")
    assert [settings["engine"] for settings in found] == ["torch", "openvino", "torch"]


def test_former_results_are_told_of(run, nothing_is_computed, monkeypatch, tmp_path):
    monkeypatch.setattr("prognosis.batch.clock.open_until", lambda _: lambda: False)
    assert "set aside" not in run()[1]
    (tmp_path / "out/set-aside/0123456789abcdef-01234567").mkdir(parents=True)
    monkeypatch.setattr("prognosis.batch.folder.BatchFolder.keep", lambda *_: {})
    assert "1 former result is set aside" in run()[1]


def test_room_is_asked_for_as_results_need_it(run, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    room = [31 * 10**6]
    monkeypatch.setattr("prognosis.files.shutil.disk_usage", lambda _: usage(10**9, 10**9 - room[0], room[0]))
    code, out, err = run("--workers", "1", "--json")
    assert (code, json.loads(out)["done"]) == (0, 4), err
    room[0] = 10
    code, out, err = run("--json")
    assert (code, json.loads(out)["kept"]) == (0, 4), err


def test_when_time_is_up_the_rest_is_listed(run, nothing_is_computed, monkeypatch, tmp_path):
    monkeypatch.setattr("prognosis.batch.clock.open_until", lambda _: lambda: False)
    code, out, _ = run("--until", "06:30", "--json")
    assert code == 1
    assert json.loads(out)["not_started"] == 4
    assert states(tmp_path / "out") == ["not started"] * 4
    assert "tried once more" in (tmp_path / "out/summary.html").read_text(encoding="utf-8")


def test_the_end_is_reckoned_from_the_command_on_and_asked_for_all_along(run, nothing_is_computed, monkeypatch):
    happened = []

    def open_until(last):
        happened.append(("open until", f"{last:%H:%M}"))
        return lambda: False

    def keep(self, cases, settings, progress, may_go_on):
        happened.append(("compared", may_go_on()))
        return {}

    monkeypatch.setattr("prognosis.batch.clock.open_until", open_until)
    monkeypatch.setattr("prognosis.batch.folder.BatchFolder.keep", keep)
    code, out, _ = run("--until", "06:30")
    assert (code, happened) == (1, [("open until", "06:30"), ("compared", False)])
    assert re.match(r"No case is started after \w{3} \d\d \w{3} 06:30\.", out)


def test_outcomes_are_not_needed_and_may_be_said_to_be_missing(run, nothing_is_computed, monkeypatch, table):
    first, *lines = table.read_text(encoding="utf-8").splitlines()
    outcomes = ("NA,NA", "0,1", ",", "7,1")
    rows = [f"{line},{outcome}" for line, outcome in zip(lines, outcomes, strict=True)]
    table.write_text("\n".join((f"{first},time_days,event", *rows)), encoding="utf-8")
    monkeypatch.setattr("prognosis.batch.clock.open_until", lambda _: lambda: False)
    code, out, err = run("--json")
    assert (code, json.loads(out)["not_started"]) == (1, 4), err


def test_a_disk_that_fills_up_fails_cases_cleanly_and_the_next_run_mends_it(table, run, tmp_path):
    limited = start(table, tmp_path / "out", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
    out, err = limited.communicate(timeout=120)
    assert limited.returncode == 1
    assert json.loads(out)["failed"] == 4
    assert "could not be written" in err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ".lock",
        "batch.json",
        "summary.csv",
        "summary.html",
    }
    code, out, _ = run("--json")
    assert (code, json.loads(out)["done"]) == (0, 4)


def test_cancelling_keeps_what_is_done_and_leaves_nothing_half(table, run, tmp_path):
    started = start(table, tmp_path / "out")
    await_cases(started, tmp_path / "out")
    os.killpg(started.pid, signal.SIGINT)
    begun = time.monotonic()
    _, err = started.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert started.returncode == 130
    assert "Traceback" not in err
    events = [json.loads(line) for line in err.splitlines()]
    assert events[-1]["event"] == "error"
    assert [event["step"] for event in events if event["event"] == "progress"]
    assert not list((tmp_path / "out").glob(".partial-*"))
    found = states(tmp_path / "out")
    assert set(found) == {"done", "not started"}
    code, out, _ = run("--json")
    assert code == 0
    assert json.loads(out)["kept"] - found.count("done") in (0, 1)


def test_impatience_changes_nothing(table, tmp_path):
    started = start(table, tmp_path / "out")
    await_cases(started, tmp_path / "out")
    while started.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.001)
    _, err = started.communicate(timeout=30)
    assert (started.returncode, "Traceback" in err, "KeyboardInterrupt" in err) == (130, False, False), err
    assert set(states(tmp_path / "out")) == {"done", "not started"}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes")
def test_workers_are_born_deaf_to_ctrl_c(table, tmp_path):
    started = start(table, tmp_path / "out")
    while not (workers := [one for one in members_of(started.pid) if b"spawn_main" in (one / "cmdline").read_bytes()]):
        assert started.poll() is None
    status = dict(line.split(":", 1) for line in (workers[0] / "status").read_text(encoding="utf-8").splitlines())
    os.killpg(started.pid, signal.SIGINT)
    _, err = started.communicate(timeout=30)
    assert (started.returncode, "Traceback" in err) == (130, False), err
    assert (int(status["SigBlk"], 16) | int(status["SigIgn"], 16)) >> (signal.SIGINT - 1) & 1


def members_of(group):
    """The processes of a group, as folders."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(process.name)) == group:
                yield process


# In a process of its own: its signals must not reach the one that tests.
IMPATIENT = """
import signal, sys
import prognosis.cohort.scanning
from prognosis.cli.main import main

tidied = []
both = (signal.SIGINT, signal.SIGTERM)

def be_impatient(*_, **__):
    sent = signal.SIGINT
    try:
        signal.raise_signal(sent)
        sent = signal.SIGTERM
        signal.raise_signal(sent)
    finally:
        for again in both:
            signal.raise_signal(again)
        tidied.append(sent)

prognosis.cohort.scanning.scan_folder = be_impatient
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "deaf" else signal.default_int_handler)
found = [signal.getsignal(number) for number in both]
code = main(["cohort", "scan", sys.argv[2], "--output", sys.argv[2] + "/t.csv"])
print(code, *(number.name for number in tidied), [signal.getsignal(number) for number in both] == found)
"""


@pytest.mark.parametrize(("born", "first"), [("hearing", "SIGINT"), ("deaf", "SIGTERM")])
def test_a_command_is_cancelled_once_and_leaves_signals_as_they_were(tmp_path, born, first):
    ended = subprocess.run(
        [sys.executable, "-c", IMPATIENT, born, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == f"130 {first} True"
    assert "Cancelled" in ended.stderr


def test_a_case_that_takes_too_long_fails(table, run, tmp_path):
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:2]), encoding="utf-8")
    assert run("--case-timeout", "0.01")[0] == 1
    assert states(tmp_path / "out") == ["failed"]
    assert "not finished after 0.01 seconds" in (tmp_path / "out/summary.csv").read_text(encoding="utf-8")
