"""Numpy's arrays, number types and single numbers, from what a pickle says of them."""

import math
import re
from typing import Any

import numpy as np

from prognosis.bundles.foreign.limits import MOST_DIMENSIONS, Budget, NotDataError, shown
from prognosis.bundles.foreign.records import ForeignName, NumpyKind, StoredArray

_CODES = re.compile(r"[iu][1248]|f[248]|b1")
_LARGEST_SIZE = 1 << 40


def number_kind(arguments: tuple[Any, ...]) -> NumpyKind:
    """Of `numpy.dtype(code, align, copy)`; its byte order follows as a state."""
    if not arguments or not isinstance(arguments[0], str) or not _CODES.fullmatch(arguments[0]):
        code = shown(str(arguments[0])) if arguments and isinstance(arguments[0], str) else "none"
        raise NotDataError(f"holds numpy values of the kind {code}, which are no plain numbers")
    return NumpyKind(arguments[0])


def set_kind_state(kind: NumpyKind, state: Any) -> None:
    """Take over the byte order; a type with fields or parts is refused."""
    if type(state) is not tuple or len(state) < 5 or state[1] not in ("<", ">", "=", "|"):
        raise ValueError("a numpy number type is not described as it should be")
    if any(part is not None for part in state[2:5]):
        raise NotDataError("holds numpy values of several fields, which are no plain numbers")
    kind.order = state[1]


def empty_array(arguments: tuple[Any, ...]) -> StoredArray:
    """Of `numpy.core.multiarray._reconstruct(ndarray, shape, code)`: its content follows as a state."""
    made = arguments[0] if arguments else None
    if not isinstance(made, ForeignName) or made.name != "numpy.ndarray":
        raise NotDataError("builds a numpy array of an unknown class")
    return StoredArray()


def set_array_state(array: StoredArray, state: Any, budget: Budget) -> None:
    """Take over shape, number type, order and content."""
    if type(state) is not tuple or len(state) != 5:
        raise ValueError("a numpy array is not described as it should be")
    _, shape, kind, column_major, content = state
    if type(column_major) is not bool:
        column_major = column_major == 1
    _fill(array, shape, kind, column_major, content, budget)


def array_of_buffer(arguments: tuple[Any, ...], budget: Budget) -> StoredArray:
    """Of `numpy.core.numeric._frombuffer(content, dtype, shape, order)`, of pickle protocol 5."""
    if len(arguments) != 4 or arguments[3] not in ("C", "F"):
        raise ValueError("a numpy array is not described as it should be")
    content, kind, shape, order = arguments
    array = StoredArray()
    _fill(array, shape, kind, order == "F", content, budget)
    return array


def scalar(arguments: tuple[Any, ...]) -> bool | int | float:
    """Of `numpy.core.multiarray.scalar(dtype, content)`: a plain number."""
    if len(arguments) != 2 or not isinstance(arguments[0], NumpyKind) or type(arguments[1]) is not bytes:
        raise ValueError("a numpy number is not described as it should be")
    kind, content = arguments
    if len(content) != kind.dtype.itemsize:
        raise ValueError("a numpy number has too few or too many bytes")
    value: bool | int | float = np.frombuffer(content, kind.dtype)[0].item()
    return value


def _fill(array: StoredArray, shape: Any, kind: Any, column_major: bool, content: Any, budget: Budget) -> None:
    if not isinstance(kind, NumpyKind) or type(content) not in (bytes, bytearray):
        raise NotDataError("holds a numpy array of things that are no plain numbers")
    sizes = whole_numbers(shape)
    if len(content) != math.prod(sizes) * kind.dtype.itemsize:
        raise ValueError(f"a numpy array of {len(content)} bytes cannot have the shape {sizes}")
    budget.take_bytes(len(content))
    array.kind, array.shape, array.column_major, array.content = kind, sizes, column_major, content


def whole_numbers(values: Any) -> tuple[int, ...]:
    """Sizes or strides: a short tuple or list of whole numbers of 0 or more.

    Raises:
        ValueError: They are anything else.
    """
    if type(values) not in (tuple, list) or len(values) > MOST_DIMENSIONS:
        raise ValueError("sizes are no short list of numbers")
    if not all(type(value) is int and 0 <= value < _LARGEST_SIZE for value in values):
        raise ValueError("sizes are no whole numbers of 0 or more")
    return tuple(values)
