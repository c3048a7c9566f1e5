"""The worker with the real command line."""

import subprocess
import sys
import time

import pytest
from watching_processes import Heard, await_end_of, await_progress

from prognosis.errors import CancelledError, PrognosisError, UsageError
from prognosis.lesions.result_files import read_result
from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort
from prognosis_slicer.worker.folders import temporary_folder
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Arguments that name a simulated patient's image and lesions."""
    folder = tmp_path_factory.mktemp("phantom")
    options = LesionPhantomOptions(patients=1, seed=3, size=(144, 112, 60), spacing=(2.5, 2.5, 5.0), median_lesions=4)
    write_cohort(options, folder)
    (patient,) = (path for path in folder.iterdir() if path.is_dir())
    return "--image", patient / "image.nrrd", "--lesions", min(patient.glob("lesions*.seg.nrrd"))


@pytest.fixture(scope="module")
def kept():
    """One worker for all tests of this file, as in one session of Slicer."""
    worker = LocalWorker(HandTicker())
    yield worker
    worker.close()


def test_a_kept_process_writes_the_very_table_of_the_command_line_and_sooner_the_second_time(kept, files, tmp_path):
    command = [sys.executable, "-m", "prognosis", "lesions", "score", *files, "--output", tmp_path / "alone"]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    alone = (tmp_path / "alone" / "lesions.csv").read_bytes()
    numbers = set()
    for turn in ("first", "second"):
        heard = Heard().run(kept, "lesions", "score", *files, "--output", tmp_path / turn)
        assert heard.failed == []
        assert any("demonstration" in warning for warning in heard.finished[0].warnings)
        assert (tmp_path / turn / "lesions.csv").read_bytes() == alone
        assert read_result(tmp_path / turn) == read_result(tmp_path / "alone")
        numbers.add(kept.process_number)
    assert len(numbers) == 1


def test_errors_of_the_command_line_arrive_and_the_process_stays(kept, files, tmp_path):
    Heard().run(kept, "version")
    number = kept.process_number
    (error,) = (
        Heard().run(kept, "lesions", "score", *files[:2], "--lesions", "no.nrrd", "--output", tmp_path / "o").failed
    )
    assert type(error) is PrognosisError
    assert "no.nrrd" in error.what
    assert error.remedy
    (error,) = Heard().run(kept, "lesions", "score", *files, "--engine", "abacus", "--output", tmp_path / "o").failed
    assert isinstance(error, UsageError)
    assert "abacus" in error.what
    (error,) = Heard().run(kept, "lesions", "score", *files, "--output", files[1].parent).failed
    assert isinstance(error, UsageError)
    assert kept.process_number == number
    assert list(tmp_path.iterdir()) == []


@on_linux
def test_cancelling_a_scoring_leaves_nothing(files, tmp_path):
    worker = LocalWorker(HandTicker())
    folder = temporary_folder(tmp_path)
    heard = Heard()
    heard.start(worker, "lesions", "score", *files, "--output", folder / "result", folders=(folder,))
    await_progress(worker, heard)
    group = worker.process_number
    begin = time.monotonic()
    worker.cancel()
    worker.wait()
    assert time.monotonic() - begin < 2.5
    assert isinstance(heard.failed[0], CancelledError)
    assert await_end_of(group) == []
    assert list(tmp_path.iterdir()) == []
    worker.close()


def long_run(output):
    return "phantom", "lesions", "--patients", "5000", "--output", str(output)


APPLICATION = """
import os, signal, sys
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker
worker = LocalWorker(HandTicker())
told = []
worker.start(sys.argv[1:], lambda *p: told.append(p), told.append, told.append)
while not told:
    worker.poll()
print(worker.process_number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@on_linux
def test_the_process_ends_with_an_application_that_was_killed(tmp_path):
    application = [sys.executable, "-c", APPLICATION, *long_run(tmp_path / "cohort")]
    killed = subprocess.run(application, capture_output=True, text=True, timeout=60, check=False)
    assert killed.stdout, killed.stderr
    assert await_end_of(int(killed.stdout)) == []
    assert list(tmp_path.iterdir()) == []


def serve(*options):
    return subprocess.Popen(
        [sys.executable, "-m", "prognosis", "serve", "--progress=json", *options],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def test_a_served_process_ends_when_nothing_is_asked_for():
    with serve("--idle-minutes=0.001") as process:
        said = process.stderr.read()
        assert process.wait(20) == 0
    assert '{"event": "ready"}' in said


def test_a_process_prepares_before_any_command_is_asked_for():
    with serve("--prepare=lesions") as process:
        said = ""
        while "ready" not in said:
            said = process.stderr.readline()
            assert said, "it ended without being ready"
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    "line",
    ["no JSON", "{}", "[]", '{"id": 1}', '{"id": "x", "arguments": []}', '{"id": 1, "arguments": [1]}'],
)
def test_a_request_that_is_none_ends_the_process_with_a_word(line):
    with serve() as process:
        _, said = process.communicate(line + "\n", timeout=20)
    assert process.returncode == 2
    assert "A request could not be read" in said


def test_a_served_command_cannot_serve():
    with serve() as process:
        _, said = process.communicate('{"id": 1, "arguments": ["serve"]}\n', timeout=20)
    assert process.returncode == 2
    assert "cannot serve" in said


def test_the_help_does_not_list_what_nobody_types():
    said = subprocess.run([sys.executable, "-m", "prognosis", "--help"], capture_output=True, text=True, check=True)
    assert "lesions" in said.stdout
    assert "serve" not in said.stdout
