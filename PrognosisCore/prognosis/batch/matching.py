"""Which stored result belongs to which row: told by content, whatever place the row has in the table."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.batch.case import Case
from prognosis.batch.inputs import bulk_of, hash_of_settings, key_of, stamp_of
from prognosis.batch.sealing import Seal, renew_stamp
from prognosis.progress import Progress


@dataclass(frozen=True)
class Stored:
    """A whole result on disk."""

    folder: Path
    seal: Seal


def match(
    cases: Sequence[Case],
    settings: Mapping[str, object],
    stored: Iterable[Stored],
    progress: Progress,
    may_go_on: Callable[[], bool],
) -> dict[int, Stored]:
    """Find the result of each case, if there is one.

    Files are read only where they are as large as those of a result that no file's stamp accounts for.

    Args:
        cases: The rows.
        settings: What all results depend on.
        stored: The results; none is given to two rows.
        progress: Told while files are read.
        may_go_on: Asked before the files of a case are read; none are once it says no.

    Returns:
        Number of the row -> its result.
    """
    same = hash_of_settings(settings)
    left = [result for result in stored if result.seal.settings == same]
    found: dict[int, Stored] = {}
    by_stamp = _by(left, lambda seal: seal.stamp)
    for case in cases:
        _take(case, by_stamp.get(_hash(stamp_of, case, settings), []), found)
    by_bulk = _by((result for results in by_stamp.values() for result in results), lambda seal: seal.bulk)
    for number, case in enumerate(cases):
        if case.number in found or not any(by_bulk.values()):
            continue
        as_large = by_bulk.get(_hash(bulk_of, case, settings))
        if not as_large:
            continue
        if not may_go_on():
            break
        progress("comparing files with former results", number, len(cases))
        _take(case, as_large, found, _hash(key_of, case, settings))
        if case.number in found:
            renew_stamp(found[case.number].folder, _hash(stamp_of, case, settings))
    return found


def _by(results: Iterable[Stored], hash_of: Callable[[Seal], str]) -> dict[str, list[Stored]]:
    piles = defaultdict(list)
    for result in results:
        piles[hash_of(result.seal)].append(result)
    return dict(piles)


def _take(case: Case, results: list[Stored], found: dict[int, Stored], key: str | None = None) -> None:
    """Give a case one of the results, rather the one that bears its name; with a key, only one that has it."""
    equal = [result for result in results if key in (None, result.seal.key)]
    if equal:
        best = next((result for result in equal if result.folder.name == case.name), equal[0])
        results.remove(best)
        found[case.number] = best


def _hash(make: Callable[[Case, Mapping[str, object]], str], case: Case, settings: Mapping[str, object]) -> str:
    """A hash of a case; '' where its files cannot be read, which is told when it is computed."""
    try:
        return make(case, settings)
    except OSError:
        return ""
