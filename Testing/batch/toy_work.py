"""Work without images: a case copies a number from its file, or misbehaves as its options say."""

import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from prognosis.batch.case import Case
from prognosis.batch.folder import batch_folder
from prognosis.batch.ledger import Ledger
from prognosis.batch.local_processes import LocalProcesses
from prognosis.batch.run import run_batch
from prognosis.errors import InputError, ModelError

KIND = "toy"


@dataclass(frozen=True)
class Toy:
    """Copies numbers.

    Args:
        factor: Multiplies every number.
        fault: 'dies', 'refuses' or '' while preparing.
        seconds: How long a case takes.
    """

    factor: int = 1
    fault: str = ""
    seconds: float = 0.0

    @property
    def settings(self):
        return {"factor": self.factor}

    def prepare(self):
        if self.fault == "dies":
            os._exit(7)
        if self.fault == "refuses":
            raise ModelError("The model is damaged.", remedy="Get it again.")
        return self._copy

    def _copy(self, case, folder):
        source = case.inputs["image"]
        misbehave(case.options.get("do", ""), source, folder)
        number = int(source.read_text(encoding="utf-8")) * self.factor
        (folder / "half.txt").write_text("half", encoding="utf-8")
        time.sleep(self.seconds)
        (folder / "half.txt").unlink()
        (folder / "number.txt").write_text(str(number), encoding="utf-8")
        return {"number": number, "warnings": f"{source.name} was read"}


def misbehave(how, source, folder):
    first_time = how.endswith("once") and _first_time(source)
    if how == "input error":
        raise InputError(f"{source}: it is broken; {source.name} again.", remedy=f"Mend {source.parent}.")
    if how == "listing":
        raise InputError(f"{source} holds 2 series:\n  1: Secret thorax\n  2: Secret\n", remedy="Choose one.")
    if how == "unexpected":
        raise KeyError(str(source))
    if how == "memory" or (how == "memory once" and first_time):
        raise MemoryError
    if how == "library memory":
        raise RuntimeError("std::bad_alloc")
    if how == "reader memory":
        raise InputError(f"{source} cannot be read.") from RuntimeError("Failed to allocate memory for image.")
    if how == "kill" or (how == "kill once" and first_time):
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "crash":
        os.abort()
    if how == "sleep":
        (folder / "begun.txt").touch()
        time.sleep(600)
    if how == "no space":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            (folder / "large.txt").write_text("x" * 10_000, encoding="utf-8")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if how == "touch":
        source.write_text("99", encoding="utf-8")


def _first_time(source):
    seen = source.with_suffix(".seen")
    if seen.exists():
        return False
    seen.touch()
    return True


def toy_cases(folder, numbers, do=None):
    """A file a number, and the cases that read them; `do` says at which row what happens."""
    folder.mkdir(exist_ok=True)
    cases = []
    for row, number in enumerate(numbers, start=2):
        file = folder / f"number-{number}.txt"
        if not file.exists():
            file.write_text(str(number), encoding="utf-8")
        options = {"do": do[row]} if do and row in do else {}
        cases.append(Case(row, {"image": file}, options))
    return cases


def run_toy(cases, output, work=None, *, workers=2, timeout=None, overwrite=False, **how):
    """Run a batch as a command does; returns the entries by row."""
    work = work or Toy()
    with batch_folder(output, kind=KIND, overwrite=overwrite) as folder:
        ledger = Ledger(cases, folder.keep(cases, work.settings))
        run_batch(ledger, folder, lambda n: LocalProcesses(work, n, timeout), workers=workers, **how)
    return {entry.case.number: entry for entry in ledger.entries}


if __name__ == "__main__":
    inputs, output, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    entries = run_toy(toy_cases(inputs, range(40)), output, Toy(seconds=seconds))
    print(" ".join(entry.state.value for entry in entries.values()))
