"""The batch script over a cohort, run as Slicer runs it."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from watching_processes import await_end_of

from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "SurvivalLesionRisk/Scripts/score_cohort.py"
SECRET = "Weissnicht"
TEN = LesionPhantomOptions(patients=10, seed=9, size=(60, 48, 40), spacing=(4.0, 4.0, 5.0), median_lesions=4)
BROKEN = 6
MOMENT = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+\d\d:\d\d|Z)?( UTC)?")
NOT_A_RESULT = {".lock"}


def start(*arguments, script=SCRIPT, **environment):
    """Start the stand-in for Slicer with a script."""
    slicer = [sys.executable, Path(__file__).with_name("slicer_stand_in.py"), "--no-splash", "--no-main-window"]
    return subprocess.Popen(
        [str(word) for word in (*slicer, "--python-script", script, "--", *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )


def run(*arguments, script=SCRIPT, **environment):
    """Run a script; returns Slicer's exit code and what it printed."""
    with start(*arguments, script=script, **environment) as slicer:
        try:
            said, _ = slicer.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            slicer.kill()
            pytest.fail("Slicer did not end.")
    return slicer.returncode, said


def results(folder):
    """Path -> content without moments, for every file of a cohort's results."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in NOT_A_RESULT)
    return {path.relative_to(folder).as_posix(): MOMENT.sub(b"", path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """The table of ten simulated patients, one of whom has a letter in place of a CT."""
    folder = tmp_path_factory.mktemp("batch") / f"{SECRET} Zürich"
    write_cohort(TEN, folder)
    rows = [
        (f"{SECRET} {patient.name}", f"{patient.name}/image.nrrd", f"{patient.name}/lesions-1.seg.nrrd")
        for patient in sorted(folder.glob("patient-*"))
    ]
    (folder / rows[BROKEN][1]).write_text(f"Dear {SECRET}", encoding="utf-8")
    with (folder / "ten.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("patient_id", "image", "lesions"), *rows])
    return folder / "ten.csv"


@pytest.fixture(scope="module")
def runs(cohort, tmp_path_factory):
    """The same cohort scored by the script and, at the same time, by the command line."""
    folder = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-m", "prognosis", "lesions", "score", "--cohort", cohort, "--output", folder / "out"]
    line = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    output = folder / "Ergebnisse für März"
    code, said = run("--cohort", cohort, "--output", output)
    assert line.wait(timeout=120) == 1
    return code, said, output, folder / "out"


@pytest.fixture
def a_run(runs):
    """Exit code of the script over the ten, what it printed, and its folder."""
    return runs[:3]


@pytest.fixture
def two(cohort):
    """The table of the first two patients."""
    lines = cohort.read_text(encoding="utf-8").splitlines(keepends=True)
    cohort.with_name("two.csv").write_text("".join(lines[:3]), encoding="utf-8")
    return cohort.with_name("two.csv")


def log_of(output):
    return output.with_name(f"{output.name}.log").read_text(encoding="utf-8")


def test_nine_are_scored_and_one_is_named(a_run):
    code, said, output = a_run
    assert code == 1, said
    assert len(list(output.glob("case-*"))) == 9
    with (output / "summary.csv").open(encoding="utf-8") as stream:
        states = [row["state"] for row in csv.DictReader(stream)]
    assert [number for number, state in enumerate(states) if state == "failed"] == [BROKEN]


def test_its_files_are_those_of_the_command_line(runs):
    ours, theirs = (results(folder) for folder in runs[2:])
    assert len(ours) > 9 * 6
    assert set(ours) == set(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_the_log_tells_what_happened(a_run):
    _, said, output = a_run
    log = log_of(output)
    assert "scoring: 10 of 10" in log
    assert "WARNING case-000008: " in log
    assert "10 cases: 9 done, 1 failed" in log
    assert log.splitlines()[-1].endswith("INFO Ended with exit code 1.")
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ [A-Z]+ .", line) for line in log.splitlines())
    assert log in said


def test_the_log_names_no_patient(a_run):
    """Besides the table's own path, which is told once."""
    _, _, output = a_run
    first, *others = log_of(output).splitlines()
    assert SECRET in first
    assert SECRET not in "\n".join(others)


def test_a_second_run_keeps_what_is_there_and_logs_where_it_is_told(a_run, two):
    _, _, output = a_run
    code, said = run("--cohort", two, "--output", output, "--log", output.parent / "logs/second.log")
    assert code == 0, said
    assert "2 cases: 2 kept" in (output.parent / "logs/second.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "{folder}/out"], "the following arguments are required: --cohort"),
        (["--cohort", "{table}", "--output", "{folder}/out", "--image", "ct.nrrd"], "--image belongs to one patient"),
        (["--cohort", "{table}", "--output", "{folder}/out", "--wrokers", "2"], "unrecognized arguments: --wrokers 2"),
        (["--cohort", "{table}", "--output", "{folder}/out", "--workers", "no"], "'no' is no number of 1 or more"),
    ],
    ids=["no table", "one patient's option", "unknown option", "wrong value"],
)
def test_wrong_arguments(cohort, tmp_path, arguments, words):
    code, said = run(*(word.format(folder=tmp_path, table=cohort) for word in arguments))
    assert code == 2, said
    assert words in log_of(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["--cohort", "x.csv", "--output"]], ids=["none", "no folder"])
def test_without_a_folder_the_log_is_a_temporary_file(tmp_path, arguments):
    code, said = run(*arguments, TMPDIR=str(tmp_path))
    assert code == 2, said
    assert "Ended with exit code 2" in (tmp_path / "score_cohort.log").read_text(encoding="utf-8")


def test_help_is_no_fault(tmp_path):
    code, said = run("--help", TMPDIR=str(tmp_path))
    assert code == 0
    assert "prognosis lesions score --cohort" in said


def test_a_missing_package_is_named_with_the_command_and_nothing_is_installed(cohort, tmp_path):
    """An old version hides the right one."""
    metadata = tmp_path / "old/safetensors-0.1.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: safetensors\nVersion: 0.1\n", encoding="utf-8")
    code, said = run("--cohort", cohort, "--output", tmp_path / "out", PYTHONPATH=str(tmp_path / "old"))
    assert code == 2, said
    log = log_of(tmp_path / "out")
    assert "lacks safetensors>=0.5" in log
    assert re.search(r"-m pip install \"safetensors>=0\.5\"", log)
    assert not (tmp_path / "out").exists()


def test_without_the_extension_slicer_ends_too(tmp_path):
    """`prognosis_slicer` cannot be imported."""
    (tmp_path / "prognosis_slicer.py").write_text("raise ModuleNotFoundError('No module named prognosis_slicer')")
    code, said = run("--cohort", "x.csv", "--output", tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert code == 2
    assert "No module named prognosis_slicer" in said


def test_after_a_fault_of_the_program_slicer_ends_and_the_log_tells_where(cohort, tmp_path):
    faulty = tmp_path / "faulty/sitecustomize.py"
    faulty.parent.mkdir()
    faulty.write_text(
        "import prognosis_slicer.worker.interpreter as interpreter\n"
        "def broken():\n    raise ZeroDivisionError('on purpose')\n"
        "interpreter.find_interpreter = broken\n",
        encoding="utf-8",
    )
    code, said = run("--cohort", cohort, "--output", tmp_path / "out", PYTHONPATH=str(faulty.parent))
    assert code == 1, said
    log = log_of(tmp_path / "out")
    assert "Traceback" in log
    assert "ZeroDivisionError: on purpose" in log


@pytest.fixture
def slicer_at_work(two, tmp_path):
    """Start Slicer and await a file in the folder of results; returns Slicer and the worker's process group."""
    started = []

    def slicer_at_work(until):
        started.append(slicer := start("--cohort", two, "--output", tmp_path / "out", "--workers", 1))
        end = time.monotonic() + 90
        while not list((tmp_path / "out").glob(until)) and time.monotonic() < end:
            time.sleep(0.02)
        return slicer, worker_of(slicer.pid)

    yield slicer_at_work
    for slicer in started:
        slicer.kill()
        slicer.communicate()


def worker_of(parent):
    (worker,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(worker)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize(
    ("number", "when"), [(signal.SIGINT, "batch.json"), (signal.SIGTERM, ".partial-*")], ids=["Ctrl-C", "asked to end"]
)
def test_cancelling_ends_all_and_leaves_nothing_half(slicer_at_work, tmp_path, number, when):
    slicer, group = slicer_at_work(when)
    slicer.send_signal(number)
    said, _ = slicer.communicate(timeout=30)
    assert slicer.returncode == 130, said
    assert await_end_of(group) == []
    assert "Cancelled" in log_of(tmp_path / "out")
    assert not list((tmp_path / "out").glob(".partial-*"))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_when_slicer_is_killed_nothing_goes_on_alone(slicer_at_work):
    slicer, group = slicer_at_work(".partial-*")
    slicer.kill()
    assert await_end_of(group, seconds=20) == []
