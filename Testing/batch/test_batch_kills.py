"""kill -9 at any moment, of the parent alone or of all, and the same command again."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy_work

SECONDS_A_CASE = 0.1


def start(tmp_path):
    command = [sys.executable, toy_work.__file__, tmp_path / "in", tmp_path / "out", str(SECONDS_A_CASE)]
    return subprocess.Popen([str(part) for part in command], start_new_session=True, stdout=subprocess.PIPE, text=True)


def members_of(group):
    """The living processes of a group."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def await_another(output, done):
    end = time.monotonic() + 30
    while len(list(output.glob("case-*"))) <= done and time.monotonic() < end:
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("whom", ["all", "the parent alone"])
def test_kills_at_any_moment_lose_and_spoil_nothing(tmp_path, whom):
    chance = random.Random(whom)
    done = 0
    for turn in range(6):
        run = start(tmp_path)
        if turn % 2:
            await_another(tmp_path / "out", done)
        time.sleep(chance.uniform(0.0, 0.25))
        (os.killpg if whom == "all" else os.kill)(run.pid, signal.SIGKILL)
        run.communicate()
        shown = list((tmp_path / "out").glob("case-*"))
        assert all((case / "case.json").is_file() and not (case / "half.txt").exists() for case in shown)
        assert len(shown) >= done
        done = len(shown)
        end = time.monotonic() + 5
        while members_of(run.pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert members_of(run.pid) == []
    run = start(tmp_path)
    said, _ = run.communicate(timeout=60)
    assert sorted(said.split()) == sorted(["kept"] * done + ["done"] * (40 - done))
    found = {
        path.parent.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("case-*/number.txt")
    }
    assert found == {f"case-{row:06d}": str(row - 2) for row in range(2, 42)}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", "batch.json", *found}
    assert 0 < done < 40
