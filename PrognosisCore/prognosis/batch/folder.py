"""The folder a batch owns: which results it holds, and how each comes into it by one rename."""

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prognosis.batch.case import Case, Facts
from prognosis.batch.matching import Stored, match
from prognosis.batch.sealing import flush_folder, holds_others_files, read_seal
from prognosis.errors import UsageError
from prognosis.files import only_one_run, write_json
from prognosis.progress import Progress, silent

MARK = "batch.json"
SET_ASIDE = "set-aside"
_PARTIAL = ".partial-"
_PARTIAL_CASE = re.compile(r"\.partial-case-\d{6,}-[0-9a-f]{8}")
_PARTIAL_FILE = re.compile(r"\.(summary\.csv|summary\.html|batch\.json)\.\w+\.partial")
_CASE = re.compile(r"case-\d{6,}")
_CASE_ASIDE = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}")
_SUMMARIES = ("summary.csv", "summary.html")
_OTHER_OUTPUT = "Choose another --output."


@contextmanager
def batch_folder(path: Path, *, kind: str, overwrite: bool = False) -> Iterator["BatchFolder"]:
    """Hold a folder for one batch, making it when missing, and clear away what a killed run left half done.

    Args:
        path: A new or empty folder, or that of a former batch of this kind.
        kind: What is computed, such as 'lesions score'.
        overwrite: Forget all former results.

    Raises:
        UsageError: The folder is none of those, another run works in it, or it cannot be written.
    """
    path = path.absolute()
    _require_ours(path, kind)
    with only_one_run(path):
        try:
            _clear(path, everything=overwrite)
            write_json(path / MARK, {"kind": kind})
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}.", remedy=_OTHER_OUTPUT) from error
        try:
            yield BatchFolder(path)
        finally:
            for left in _named(path, _PARTIAL_CASE):
                shutil.rmtree(left, ignore_errors=True)


class BatchFolder:
    """The results of a batch: `case-000123` for row 123 of the table, and `set-aside` for those of no row.

    Args:
        path: A folder this process holds; see `batch_folder`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run = secrets.token_hex(4)

    @property
    def set_aside(self) -> int:
        """How many results of no row there are."""
        return len(_named(self.path / SET_ASIDE, _CASE_ASIDE))

    def partial(self, case: Case) -> Path:
        """Where a case is computed: a name no other run uses, so that orphans of a killed run disturb nobody."""
        return self.path / f"{_PARTIAL}{case.name}-{self._run}"

    def commit(self, case: Case) -> None:
        """Show a sealed case."""
        self.partial(case).rename(self.path / case.name)
        flush_folder(self.path)

    def discard(self, case: Case) -> None:
        """Remove what a worker that was ended left of a case."""
        shutil.rmtree(self.partial(case), ignore_errors=True)

    def keep(
        self,
        cases: Sequence[Case],
        settings: Mapping[str, object],
        progress: Progress = silent,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> dict[int, Facts]:
        """Put every stored result under the name of the row whose inputs and options it was made from.

        A result that no row asks for is set aside, and comes back when a row asks for it again: a case's folder never
        shows what does not belong to its row, and nothing computed is lost.

        Args:
            cases: The rows.
            settings: What all results depend on.
            progress: Told while files are read.
            may_go_on: Once it says no, files are read no further: rows not yet found count as having no result.

        Returns:
            Number of the row -> facts, for the rows that need not be computed.
        """
        stored = self._stored()
        found = match(cases, settings, stored, progress, may_go_on)
        place = {found[case.number].folder: self.path / case.name for case in cases if case.number in found}
        now = {result.folder: self._out_of_the_way(result, place.get(result.folder)) for result in stored}
        for folder, wanted in place.items():
            if now[folder] != wanted:
                now[folder].rename(wanted)
        flush_folder(self.path)
        return {number: result.seal.facts for number, result in found.items()}

    def _stored(self) -> list[Stored]:
        """All whole results; what bears the name of one and is none is cleared out of the way."""
        stored = []
        for folder in _results(self.path):
            seal = None if folder.is_symlink() else read_seal(folder)
            if seal is None:
                _clear_away(folder, self.path, "damaged")
            else:
                stored.append(Stored(folder, seal))
        return stored

    def _out_of_the_way(self, result: Stored, wanted: Path | None) -> Path:
        if result.folder == wanted or result.folder.parent != self.path:
            return result.folder
        aside = self.path / SET_ASIDE
        aside.mkdir(exist_ok=True)
        return result.folder.rename(aside / f"{result.seal.key[:16]}-{secrets.token_hex(4)}")


def _require_ours(path: Path, kind: str) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise UsageError(f"{path} is a file, not a folder.", remedy=_OTHER_OUTPUT)
    try:
        empty = all(entry.name.startswith(".") for entry in path.iterdir())
        ours = empty or json.loads((path / MARK).read_text(encoding="utf-8")).get("kind") == kind
    except FileNotFoundError:
        ours = False
    except (ValueError, AttributeError):
        ours = False
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", remedy=_OTHER_OUTPUT) from error
    if not ours:
        raise UsageError(f"{path} holds something else than cases of '{kind}'.", remedy=_OTHER_OUTPUT)


def _clear(path: Path, *, everything: bool) -> None:
    """Remove what was half written and the summary, which tells of former rows; with `everything`, all results too."""
    for left in _named(path, _PARTIAL_CASE):
        shutil.rmtree(left, ignore_errors=True)
    for file in (*_named(path, _PARTIAL_FILE), *(path / name for name in _SUMMARIES)):
        if file.is_file() or file.is_symlink():
            file.unlink()
    if everything:
        for result in _results(path):
            _clear_away(result, path, "replaced")
        aside = path / SET_ASIDE
        if aside.is_dir() and not any(aside.iterdir()):
            aside.rmdir()


def _results(path: Path) -> list[Path]:
    """What is named like a result, in place or set aside."""
    return [*_named(path, _CASE), *_named(path / SET_ASIDE, _CASE_ASIDE)]


def _named(path: Path, name: re.Pattern[str]) -> list[Path]:
    return [entry for entry in path.iterdir() if name.fullmatch(entry.name)] if path.is_dir() else []


def _clear_away(result: Path, path: Path, why: str) -> None:
    """Remove a result; one that holds other files than ours, or is no folder, is set aside for somebody to look at."""
    if result.is_dir() and not result.is_symlink() and not holds_others_files(result):
        shutil.rmtree(result)
        return
    (path / SET_ASIDE).mkdir(exist_ok=True)
    result.rename(path / SET_ASIDE / f"{why}-{result.name}-{secrets.token_hex(4)}")
