"""What the tests of the worker look at: processes of a group, and what callbacks were told."""

import time
from pathlib import Path


def members_of(group):
    """The living processes of a group."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(status.parent.name))
    return found


def await_end_of(group, seconds=5.0):
    end = time.monotonic() + seconds
    while members_of(group) and time.monotonic() < end:
        time.sleep(0.02)
    return members_of(group)


class Heard:
    """What the callbacks were told."""

    def __init__(self):
        self.progress, self.finished, self.failed = [], [], []

    def start(self, worker, *arguments, folders=()):
        worker.start(
            arguments,
            lambda *progress: self.progress.append(progress),
            self.finished.append,
            self.failed.append,
            folders=folders,
        )

    def run(self, worker, *arguments, folders=()):
        self.start(worker, *arguments, folders=folders)
        worker.wait()
        return self


def await_progress(worker, heard):
    end = time.monotonic() + 20
    while not heard.progress and time.monotonic() < end:
        worker.poll()
        time.sleep(0.01)
    assert heard.progress, worker.log
