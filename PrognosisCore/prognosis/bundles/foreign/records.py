"""The inert things a foreign file is read into: they hold numbers and names, and do nothing by themselves."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

ITEM_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}


@dataclass(frozen=True)
class ForeignName:
    """A name of the allow list, such as 'torch.FloatStorage'.

    Args:
        name: Module and name.
        build: This program's own function that makes data of the arguments; None for a name that only stands there.
        numbers: For a storage: the kind of its numbers, a key of `ITEM_BYTES`.
    """

    name: str
    build: Callable[[tuple[Any, ...]], object] | None = None
    numbers: str | None = None


@dataclass(eq=False)
class ForeignObject:
    """An object of a foreign class: the class's name and the attributes, nothing that runs."""

    class_name: str
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def is_module(self) -> bool:
        """Whether the attributes are those of a torch module."""
        return all(isinstance(self.state.get(part), dict) for part in ("_parameters", "_buffers", "_modules"))


@dataclass(eq=False)
class Storage:
    """A row of numbers that tensors look into.

    Args:
        numbers: Their kind, a key of `ITEM_BYTES`.
        count: How many.
        content: Their bytes, little-endian; None until they were found in the file.
    """

    numbers: str
    count: int
    content: memoryview | None = None

    @property
    def size_bytes(self) -> int:
        return self.count * ITEM_BYTES[self.numbers]

    @cached_property
    def row(self) -> "torch.Tensor":
        """All numbers, in one dimension, copied out of the file."""
        import torch

        if self.content is None or len(self.content) != self.size_bytes:
            raise ValueError("a tensor's numbers are not in the file")
        if not self.count:
            return torch.empty(0, dtype=getattr(torch, self.numbers))
        raw = torch.from_numpy(np.frombuffer(self.content, np.uint8).copy())
        # Any byte but 0 is true; stored as it came it would be a truth value of neither kind.
        return raw != 0 if self.numbers == "bool" else raw.view(getattr(torch, self.numbers))


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor as a view into a storage, of whose bounds it was found to be inside; units are numbers, not bytes."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def tensor(self) -> "torch.Tensor":
        """The tensor; tensors of the same storage share their numbers."""
        import torch

        row = self.storage.row
        if 0 in self.size:
            return torch.empty(self.size, dtype=row.dtype)
        return row.as_strided(self.size, self.stride, self.offset)


@dataclass(eq=False)
class NumpyKind:
    """A numpy number type: a code such as 'f4', and the byte order that follows in the file."""

    code: str
    order: str = "="

    @property
    def dtype(self) -> "np.dtype[Any]":
        return np.dtype(self.order + self.code)


@dataclass(eq=False)
class StoredArray:
    """A numpy array; empty until its state follows in the file."""

    kind: NumpyKind = field(default_factory=lambda: NumpyKind("u1"))
    shape: tuple[int, ...] = (0,)
    column_major: bool = False
    content: bytes | bytearray = b""

    def tensor(self) -> "torch.Tensor":
        """The array as a tensor of its own."""
        import torch

        dtype = self.kind.dtype
        if len(self.content) != math.prod(self.shape) * dtype.itemsize:
            raise ValueError("an array's numbers are not in the file")
        if dtype.kind == "b":
            flat = np.frombuffer(self.content, np.uint8) != 0
        else:
            flat = np.frombuffer(self.content, dtype).astype(dtype.newbyteorder("="))
        array = flat.reshape(self.shape, order="F" if self.column_major else "C")
        return torch.from_numpy(np.array(array, order="C", copy=True))
