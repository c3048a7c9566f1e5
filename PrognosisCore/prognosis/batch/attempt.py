"""One case, apart from all others: a whole folder, or a cause in words."""

import errno
import re
import shutil
import traceback
from collections.abc import Mapping
from pathlib import Path

from prognosis.batch.case import Case, Compute, Done, Facts, Failed, Outcome
from prognosis.batch.inputs import bulk_of, hash_of_settings, key_of, stamp_of
from prognosis.batch.masking import Mask
from prognosis.batch.sealing import Seal, sizes_in, write_seal
from prognosis.errors import InputError, PrognosisError

_AGAIN = "Run the same command again."
_NO_MEMORY = re.compile(r"bad.?alloc|allocate|out of memory|not enough memory", re.IGNORECASE)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def attempt(case: Case, folder: Path, settings: Mapping[str, object], compute: Compute) -> Outcome:
    """Compute a case into a new folder and seal it; nothing of the folder is left when it fails.

    Raises:
        Exception: What no input explains, memory that ran out included; `failed_by` puts it into words.
    """
    try:
        return Done(case, _computed(case, folder, settings, compute))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, PrognosisError | OSError) and not ran_out_of_memory(error):
            return failed_by(error, case, folder)
        raise


def failed_by(error: BaseException, case: Case, folder: Path) -> Failed:
    """A case that an error ended, in words without names of patients, files and folders."""
    if ran_out_of_memory(error):
        return Failed(
            case, "Memory ran out.", "Run with fewer --workers, or on a machine with more memory.", once_more=True
        )
    if isinstance(error, PrognosisError):
        mask = Mask(case, folder)
        return Failed(case, _line(mask(_without_list(error.what))), _line(mask(error.remedy)))
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return Failed(case, f"The result could not be written: {error.strerror}.", f"Free some space. {_AGAIN}")
    if isinstance(error, OSError):
        return Failed(case, f"A file could not be read or written: {error.strerror}.", f"Check the files. {_AGAIN}")
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Failed(
        case,
        f"An unexpected {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}.",
        "This is a fault of the program: please report it.",
    )


def _computed(case: Case, folder: Path, settings: Mapping[str, object], compute: Compute) -> Facts:
    stamp, key, bulk = (of(case, settings) for of in (stamp_of, key_of, bulk_of))
    folder.mkdir()
    facts = Mask(case, folder).facts(compute(case, folder))
    if stamp_of(case, settings) != stamp:
        raise InputError("Its files changed while they were read.", remedy=_AGAIN)
    write_seal(folder, Seal(key, stamp, bulk, hash_of_settings(settings), facts, sizes_in(folder)))
    return facts


def _without_list(text: str) -> str:
    """A message without the list below it, which quotes what files say of themselves and may name the patient."""
    first, below, _ = text.partition("\n")
    return f"{first.rstrip(':')}." if below else text


def _line(text: str) -> str:
    return " ".join(text.split())


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether this error, or one that led to it, is of memory; libraries say so by name or in words only."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or (isinstance(seen, RuntimeError) and _NO_MEMORY.search(str(seen))):
            return True
        if isinstance(seen, OSError) and seen.errno == errno.ENOMEM:
            return True
        seen = seen.__cause__
    return False
