"""torch.save of before 1.6, and of the storages inside raw pickles: pickles one after another, then the numbers."""

import struct
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from prognosis.bundles.foreign.instructions import instructions
from prognosis.bundles.foreign.limits import Budget, NotDataError
from prognosis.bundles.foreign.machine import read_pickle
from prognosis.bundles.foreign.names import known_names
from prognosis.bundles.foreign.persistent_ids import Storages
from prognosis.bundles.foreign.records import ForeignName, Storage

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_INSTRUCTIONS_LOOKED_AT = 3
_STEPS_OF_A_NESTED_SAVE = 100


def is_torch_legacy(raw: bytes) -> bool:
    """Whether a file begins with the pickled number that torch.save writes first."""
    try:
        first = list(islice(instructions(raw, 0), _INSTRUCTIONS_LOOKED_AT))
    except ValueError:
        return False
    return any(instruction.argument == _MAGIC for instruction in first)


def read_torch_legacy(raw: bytes, budget: Budget) -> Any:
    """Read a file of torch.save without zip.

    Raises:
        NotDataError: It asks for anything that is no data.
        ValueError: It is cut short, damaged or too large.
    """
    return _read(raw, budget, known_names(budget))


def storage_loader(budget: Budget) -> Callable[[bytes], Storage]:
    """Returns what reads the nested torch.save of a single storage, which raw pickles of tensors hold.

    It raises NotDataError where anything else is held, and ValueError where it is cut short, damaged or too large.
    """
    names = known_names(budget)

    def load(raw: bytes) -> Storage:
        budget.take_steps(_STEPS_OF_A_NESTED_SAVE)
        budget.take_bytes(len(raw))
        storage = _read(raw, budget, names)
        if not isinstance(storage, Storage):
            raise NotDataError(f"holds a nested torch.save of a {type(storage).__name__} where a storage is needed")
        return storage

    return load


def _read(raw: bytes, budget: Budget, names: Mapping[str, ForeignName]) -> Any:
    magic, at = read_pickle(raw, 0, {}, budget)
    version, at = read_pickle(raw, at, {}, budget)
    if magic != _MAGIC or version != _VERSION:
        raise ValueError("it is no file of torch.save, or of an unknown version")
    system, at = read_pickle(raw, at, {}, budget)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("its numbers are not little-endian")
    storages = Storages()
    tree, at = read_pickle(raw, at, names, budget, storage_of=storages.of)
    keys, at = read_pickle(raw, at, {}, budget)
    if type(keys) is not list or not all(type(key) is str for key in keys) or len(set(keys)) != len(keys):
        raise ValueError("its list of storages is no list of different names")
    end = _find_numbers(memoryview(raw), at, keys, storages)
    storages.require_found()
    if end != len(raw):
        raise ValueError(f"{len(raw) - end} bytes follow after its end")
    return tree


def _find_numbers(raw: memoryview, at: int, keys: list[str], storages: Storages) -> int:
    """Give each storage its bytes: a count in 8 bytes, then the numbers; returns where the last one ends."""
    for key in keys:
        storage = storages.called(key)
        if len(raw) - at < 8:
            raise ValueError("it is cut short")
        (count,) = struct.unpack_from("<q", raw, at)
        if count != storage.count:
            raise ValueError(f"a storage of {storage.count} numbers is said to have {count}")
        at += 8
        if len(raw) - at < storage.size_bytes:
            raise ValueError(f"it is cut short: {storage.size_bytes - (len(raw) - at)} bytes of numbers are missing")
        storage.content = raw[at : at + storage.size_bytes]
        at += storage.size_bytes
    return at
