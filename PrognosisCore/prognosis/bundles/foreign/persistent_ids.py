"""The storages a pickle of torch.save refers to by persistent ids."""

from typing import Any

from prognosis.bundles.foreign.limits import NotDataError, shown
from prognosis.bundles.foreign.records import ForeignName, Storage

_LARGEST_COUNT = 1 << 40


class Storages:
    """Storages by key, each made at its first mention."""

    def __init__(self) -> None:
        self._known: dict[str, Storage] = {}

    def of(self, identity: Any) -> Storage:
        """The storage a persistent id means: ('storage', kind, key, place, count), and None in older files.

        Raises:
            NotDataError: The id means something else, such as the program text of a module.
            ValueError: It contradicts a former one.
        """
        if type(identity) is not tuple or not identity or identity[0] != "storage":
            what = (
                shown(identity[0]) if type(identity) is tuple and identity and type(identity[0]) is str else "unnamed"
            )
            raise NotDataError(f"asks for an outside object ({what})")
        if len(identity) not in (5, 6) or (len(identity) == 6 and identity[5] is not None):
            raise ValueError("a storage is not described as it should be, or is a part of another")
        _, kind, key, _, count = identity[:5]
        if not isinstance(kind, ForeignName) or kind.numbers is None or type(key) is not str:
            raise ValueError("a storage has no kind of numbers or no name")
        if type(count) is not int or not 0 <= count < _LARGEST_COUNT:
            raise ValueError("a storage has no whole number of numbers")
        storage = self._known.setdefault(key, Storage(kind.numbers, count))
        if (storage.numbers, storage.count) != (kind.numbers, count):
            raise ValueError("a storage is described in two ways")
        return storage

    def called(self, key: str) -> Storage:
        """The storage of that key; ValueError where no tensor mentioned it."""
        if key not in self._known:
            raise ValueError(f"it holds the storage {shown(key)}, which nothing refers to")
        return self._known[key]

    def all(self) -> dict[str, Storage]:
        """Key -> storage of those mentioned so far."""
        return dict(self._known)

    def require_found(self) -> None:
        """Raises ValueError where a storage's numbers were not in the file."""
        for key, storage in self._known.items():
            if storage.content is None:
                raise ValueError(f"the numbers of the storage {shown(key)} are missing")
