"""The worker with a toy in the place of the command line: real processes that misbehave."""

import os
import shutil
import subprocess
import sys
import time

import pytest
import toy_command_line
from watching_processes import Heard, await_end_of, await_progress, members_of

from prognosis.errors import CancelledError, PrognosisError, UsageError
from prognosis_slicer.worker.folders import temporary_folder
from prognosis_slicer.worker.interpreter import Interpreter
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="session")
def a_library(tmp_path_factory):
    """The toy in a folder whose name is no plain ASCII word."""
    library = tmp_path_factory.mktemp("lib") / "Bücher und mehr"
    (library / "prognosis").mkdir(parents=True)
    (library / "prognosis" / "__init__.py").touch()
    shutil.copy(toy_command_line.__file__, library / "prognosis" / "__main__.py")
    return library


@pytest.fixture
def worker(a_library):
    worker = LocalWorker(HandTicker(), library=a_library)
    yield worker
    worker.close()


def run(worker, *arguments):
    return Heard().run(worker, *arguments)


def test_a_command_tells_progress_warnings_and_words_in_any_language(worker):
    heard = run(worker, "add", 1, 2)
    assert heard.progress[-1] == ("zählen", 3, 3)
    (finished,) = heard.finished
    assert finished.warnings == ("schöne Grüße",)
    assert "Summe ≈ 3" in worker.log
    assert heard.failed == []
    assert not worker.busy


def test_the_process_is_kept(worker):
    run(worker, "add", 1, 2)
    number = worker.process_number
    run(worker, "fail", 1, "a", "b")
    run(worker, "add", 3, 4)
    assert worker.process_number == number


@pytest.mark.parametrize(("code", "kind"), [(1, PrognosisError), (2, UsageError), (130, CancelledError)])
def test_exit_codes_become_errors_with_what_and_remedy(worker, code, kind):
    (error,) = run(worker, "fail", code, "image.nrrd: größer als erlaubt.", "Export it again.").failed
    assert type(error) is kind
    if code != 130:
        assert (error.what, error.remedy) == ("image.nrrd: größer als erlaubt.", "Export it again.")


def test_wrong_use_without_a_message_shows_the_last_words(worker):
    (error,) = run(worker, "misuse").failed
    assert isinstance(error, UsageError)
    assert "arguments are required: --image" in error.what


def test_ten_megabytes_of_log_block_nothing_and_the_last_lines_are_kept(worker):
    (finished,) = run(worker, "chatter", 10).finished
    assert len(worker.log) == 200
    assert all(line.endswith(("x", "y")) for line in finished.log)


def test_an_endless_flood_never_holds_up_a_poll_and_can_be_cancelled(worker):
    heard = Heard()
    heard.start(worker, "flood")
    longest = 0.0
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        begin = time.monotonic()
        worker.poll()
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.02)
    assert longest < 0.5
    worker.cancel()
    worker.wait()
    assert isinstance(heard.failed[0], CancelledError)


@pytest.mark.parametrize(
    ("command", "words", "remedy"),
    [("crash", "No module named 'torch'", "Install"), ("die", "exit code -9", "memory")],
)
def test_a_crash_is_an_error_and_the_next_command_has_a_fresh_process(worker, command, words, remedy):
    (error,) = run(worker, command).failed
    assert words in error.what
    assert remedy in error.remedy
    assert run(worker, "add", 1, 1).finished


@on_linux
def test_cancel_returns_at_once_and_ends_a_group_that_ignores_being_asked(worker, tmp_path):
    folder = temporary_folder(tmp_path)
    (folder / "ct.nrrd").touch()
    heard = Heard()
    heard.start(worker, "stubborn", folders=(folder,))
    await_progress(worker, heard)
    group = worker.process_number
    assert len(members_of(group)) == 2
    begin = time.monotonic()
    worker.cancel()
    worker.cancel()
    assert time.monotonic() - begin < 0.3
    assert worker.busy
    worker.wait()
    assert time.monotonic() - begin < 2.5
    assert isinstance(heard.failed[0], CancelledError)
    assert len(heard.failed) == 1
    assert await_end_of(group) == []
    assert list(tmp_path.iterdir()) == []
    assert run(worker, "add", 1, 1).finished


@on_linux
def test_a_launcher_that_ends_at_once_leaves_the_real_process_time_to_tidy_up(a_library, tmp_path):
    launcher = tmp_path / "PythonSlicer"
    launcher.write_text(f'#!/bin/sh\nexec 3<&0\n"{sys.executable}" "$@" <&3 &\nwait\n')
    launcher.chmod(0o700)
    worker = LocalWorker(HandTicker(), library=a_library, interpreter=Interpreter(str(launcher), dict(os.environ)))
    heard = Heard()
    heard.start(worker, "tidy", tmp_path / "tidied")
    await_progress(worker, heard)
    group = worker.process_number
    assert len(members_of(group)) == 2
    worker.cancel()
    worker.wait()
    assert isinstance(heard.failed[0], CancelledError)
    assert (tmp_path / "tidied").exists()
    assert await_end_of(group) == []
    worker.close()


@on_linux
def test_what_a_process_leaves_behind_is_ended_with_it(worker):
    heard = Heard()
    heard.start(worker, "leave_a_child")
    group = worker.process_number
    worker.wait()
    assert "without a result" in heard.failed[0].what
    assert await_end_of(group) == []


def test_a_process_that_left_of_idleness_is_replaced_unnoticed(worker):
    run(worker, "then_idle_out")
    heard = run(worker, "add", 2, 2)
    assert heard.finished
    assert heard.failed == []


def test_folders_live_until_the_result_was_taken(worker, tmp_path):
    seen = []
    for command in (("add", 1, 2), ("fail", 1, "no", "")):
        folder = temporary_folder(tmp_path)
        look = lambda _, folder=folder: seen.append(folder.exists())  # noqa: E731
        worker.start(command, lambda *_: None, look, look, folders=(folder,))
        worker.wait()
        assert not folder.exists()
    assert seen == [True, True]


def test_folders_are_removed_even_when_the_result_cannot_be_shown(worker, tmp_path):
    folder = temporary_folder(tmp_path)

    def broken(_):
        raise RuntimeError("the node is gone")

    worker.start(("add", 1, 2), lambda *_: None, broken, broken, folders=(folder,))
    with pytest.raises(RuntimeError, match="the node is gone"):
        worker.wait()
    assert not folder.exists()
    assert not worker.busy


def test_one_command_at_a_time(worker):
    heard = Heard()
    heard.start(worker, "add", 1, 2)
    with pytest.raises(UsageError, match="Another command"):
        Heard().start(worker, "add", 1, 2)
    worker.wait()
    assert heard.finished


def test_the_next_command_may_be_started_from_the_end_of_one(worker):
    second = Heard()
    worker.start(("add", 1, 2), lambda *_: None, lambda _: second.start(worker, "add", 3, 4), second.failed.append)
    worker.wait()
    assert second.finished


def test_a_callback_that_polls_again_is_told_nothing_twice(worker):
    heard = Heard()

    def progress(*_):
        time.sleep(0.1)
        worker.poll()

    worker.start(("add", 1, 2), progress, heard.finished.append, heard.failed.append)
    worker.wait()
    assert len(heard.finished) == 1


@pytest.mark.parametrize("name", ["PYTHONHOME", "QT_PLUGIN_PATH"])
def test_what_belongs_to_the_application_is_not_passed_on(worker, monkeypatch, name):
    monkeypatch.setenv(name, "/nowhere")
    run(worker, "show", name)
    assert "not set" in worker.log


def test_the_library_comes_first_and_the_current_folder_never(worker, a_library, monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the current folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    run(worker, "show", "PYTHONPATH")
    assert worker.log[-1] == os.pathsep.join((str(a_library), "/somewhere/else"))


def test_a_python_that_is_not_there_is_told_at_once(a_library, tmp_path):
    worker = LocalWorker(HandTicker(), library=a_library, interpreter=Interpreter(str(tmp_path / "python"), {}))
    with pytest.raises(UsageError, match="cannot be started"):
        Heard().start(worker, "add", 1, 2)
    assert not worker.busy
    worker.close()


def test_a_warmed_up_process_takes_the_first_command(worker):
    worker.warm_up()
    number = worker.process_number
    worker.warm_up()
    run(worker, "options")
    assert worker.log[-1] == "--progress=json --idle-minutes=10 --prepare lesions"
    assert worker.process_number == number


def test_a_ticker_ticks_while_a_command_runs(a_library):
    class Counting(HandTicker):
        ticks = 0

        def tick(self):
            self.ticks += self._call is not None
            super().tick()

    ticker = Counting()
    worker = LocalWorker(ticker, library=a_library)
    heard = Heard()
    heard.start(worker, "add", 1, 2)
    end = time.monotonic() + 20
    while worker.busy and time.monotonic() < end:
        ticker.tick()
        time.sleep(0.01)
    assert heard.finished
    before = ticker.ticks
    ticker.tick()
    assert ticker.ticks == before > 0
    worker.close()


@on_linux
def test_closing_ends_the_process_and_removes_the_folders_in_silence(worker, tmp_path):
    folder = temporary_folder(tmp_path)
    heard = Heard()
    heard.start(worker, "stubborn", folders=(folder,))
    await_progress(worker, heard)
    group = worker.process_number
    worker.close()
    assert members_of(group) == []
    assert not folder.exists()
    assert heard.failed == heard.finished == []


APPLICATION = """
import sys
from pathlib import Path
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker
worker = LocalWorker(HandTicker(), library=Path(sys.argv[1]))
told = []
worker.start(["stubborn"], lambda *p: told.append(p), told.append, told.append, folders=[Path(sys.argv[2])])
while not told:
    worker.poll()
print(worker.process_number)
"""


@on_linux
def test_nothing_is_left_when_the_application_quits(a_library, tmp_path):
    folder = temporary_folder(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", APPLICATION, str(a_library), str(folder)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert await_end_of(int(ended.stdout)) == []
    assert not folder.exists()


def test_folders_of_a_session_that_crashed_are_removed_by_the_next(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from prognosis_slicer.worker.folders import temporary_folder\n"
        "(temporary_folder(Path(sys.argv[1])) / 'ct.nrrd').touch(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False, timeout=30)
    (left,) = tmp_path.iterdir()
    strangers = tmp_path / "prognosis-another-machine-1-abc"
    strangers.mkdir()
    mine = temporary_folder(tmp_path)
    again = temporary_folder(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, again, strangers}
    assert left not in (mine, again)
