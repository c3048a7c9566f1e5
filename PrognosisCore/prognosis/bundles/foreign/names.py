"""The allow list: every name a foreign pickle may use, and the harmless thing this program makes of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from prognosis.bundles.foreign.arrays import array_of_buffer, empty_array, number_kind, scalar, whole_numbers
from prognosis.bundles.foreign.limits import Budget, NotDataError, shown
from prognosis.bundles.foreign.records import ITEM_BYTES, ForeignName, ForeignObject, Storage, StoredTensor

Build = Callable[[tuple[Any, ...]], object]

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
_NUMPY_MODULES = ("numpy.core", "numpy._core")
_BUILTINS = ("builtins", "__builtin__")


def known_names(budget: Budget, *, load_storage: Callable[[bytes], Storage] | None = None) -> dict[str, ForeignName]:
    """The allow list for one file.

    Args:
        budget: What building may cost.
        load_storage: Reads the bytes of a nested torch.save; None where none is expected, and then refused.
    """
    names = {f"torch.{name}": ForeignName(f"torch.{name}", numbers=kind) for name, kind in _STORAGES.items()}
    names["torch.storage.UntypedStorage"] = ForeignName("torch.storage.UntypedStorage", numbers="uint8")
    names |= {f"torch.{kind}": ForeignName(f"torch.{kind}") for kind in ITEM_BYTES}
    names["numpy.ndarray"] = ForeignName("numpy.ndarray")
    names |= {name: ForeignName(name, build) for name, build in _builders(budget).items()}
    if load_storage is not None:
        loading = "torch.storage._load_from_bytes"
        names[loading] = ForeignName(loading, lambda arguments: load_storage(_only(bytes, arguments)))
    return names


def _builders(budget: Budget) -> dict[str, Build]:
    builders: dict[str, Build] = {
        "torch._utils._rebuild_tensor": partial(_tensor, budget=budget),
        "torch._utils._rebuild_tensor_v2": partial(_tensor, budget=budget),
        "torch._utils._rebuild_parameter": _parameter,
        "torch._utils._rebuild_parameter_with_state": _parameter,
        "torch.Size": _size,
        "torch.device": _device,
        "collections.OrderedDict": partial(_dictionary, budget=budget),
        "dnnlib.util.EasyDict": partial(_dictionary, budget=budget),
        "argparse.Namespace": _namespace,
        "torch_utils.persistence._reconstruct_persistent_obj": partial(_persistent_object, budget=budget),
        "numpy.dtype": number_kind,
        "_codecs.encode": partial(_encoded, budget=budget),
    }
    for numpy in _NUMPY_MODULES:
        builders[f"{numpy}.multiarray._reconstruct"] = empty_array
        builders[f"{numpy}.multiarray.scalar"] = scalar
        builders[f"{numpy}.numeric._frombuffer"] = partial(array_of_buffer, budget=budget)
    for builtins in _BUILTINS:
        builders[f"{builtins}.set"] = partial(_set, budget=budget)
        builders[f"{builtins}.frozenset"] = lambda arguments: frozenset(_set(arguments, budget=budget))
        builders[f"{builtins}.bytearray"] = partial(_bytearray, budget=budget)
        builders[f"{builtins}.complex"] = _complex
    return builders


def _tensor(arguments: tuple[Any, ...], *, budget: Budget) -> StoredTensor:
    """Of `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`, the last two left out.

    Raises:
        ValueError: The tensor would look outside its storage.
    """
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise ValueError("a tensor is not described as it should be")
    storage, offset = arguments[:2]
    size, stride = whole_numbers(arguments[2]), whole_numbers(arguments[3])
    (offset,) = whole_numbers((offset,))
    if len(size) != len(stride):
        raise ValueError("a tensor has sizes and strides of different number")
    count = 1
    for length in size:
        count *= length
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True)) if count else 0
    if offset > storage.count or (count and last >= storage.count):
        raise ValueError(f"a tensor of shape {size} looks outside its {storage.count} numbers")
    budget.take_bytes(count * ITEM_BYTES[storage.numbers])
    return StoredTensor(storage, offset, size, stride)


def _parameter(arguments: tuple[Any, ...]) -> StoredTensor:
    if not arguments or not isinstance(arguments[0], StoredTensor):
        raise ValueError("a parameter holds no tensor")
    return arguments[0]


def _size(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    if len(arguments) != 1:
        raise ValueError("a size is not described as it should be")
    return whole_numbers(arguments[0])


def _device(arguments: tuple[Any, ...]) -> str:
    if not arguments or type(arguments[0]) is not str:
        raise ValueError("a device is not described as it should be")
    return arguments[0]


def _dictionary(arguments: tuple[Any, ...], *, budget: Budget) -> dict[Any, Any]:
    """Of `OrderedDict()` or `OrderedDict([[key, value], ...])`."""
    if not arguments:
        return {}
    pairs = _only(list, arguments)
    budget.take_steps(len(pairs))
    if not all(type(pair) in (list, tuple) and len(pair) == 2 and type(pair[0]) in (str, int) for pair in pairs):
        raise ValueError("a dictionary is not described as it should be")
    return dict(pairs)


def _namespace(arguments: tuple[Any, ...]) -> ForeignObject:
    if arguments:
        raise ValueError("a list of options is not described as it should be")
    return ForeignObject("argparse.Namespace")


def _persistent_object(arguments: tuple[Any, ...], *, budget: Budget) -> ForeignObject:
    """Of NVIDIA's `_reconstruct_persistent_obj(meta)`: the class's name and attributes.

    `meta` also holds the program text of the module the class comes from. NVIDIA's own reader executes it; here it is
    left where it is, a text among others.
    """
    meta = _only(dict, arguments)
    if meta.get("type") != "class" or type(meta.get("class_name")) is not str or type(meta.get("state")) is not dict:
        raise ValueError("a network is not described as it should be")
    budget.take_steps(len(meta["state"]))
    if not all(type(name) is str for name in meta["state"]):
        raise ValueError("a network has attributes without a name")
    return ForeignObject(meta["class_name"], meta["state"])


def _encoded(arguments: tuple[Any, ...], *, budget: Budget) -> bytes:
    """Of `_codecs.encode(text, 'latin1')`, which is how bytes look in older pickles."""
    if len(arguments) != 2 or type(arguments[0]) is not str or arguments[1] not in ("latin1", "latin-1"):
        raise NotDataError(f"asks for {shown('_codecs.encode')} with other arguments than bytes have")
    budget.take_bytes(len(arguments[0]))
    return arguments[0].encode("latin-1")


def _set(arguments: tuple[Any, ...], *, budget: Budget) -> set[Any]:
    if not arguments:
        return set()
    members = _only(list, arguments)
    budget.take_steps(len(members))
    if not all(type(member) in (str, int, float, bool, bytes, type(None)) for member in members):
        raise ValueError("a set holds more than plain values")
    return set(members)


def _bytearray(arguments: tuple[Any, ...], *, budget: Budget) -> bytearray:
    if not arguments:
        return bytearray()
    content = _only(bytes, arguments)
    budget.take_bytes(len(content))
    return bytearray(content)


def _complex(arguments: tuple[Any, ...]) -> complex:
    if len(arguments) != 2 or not all(type(part) in (int, float) for part in arguments):
        raise ValueError("a complex number is not described as it should be")
    return complex(float(arguments[0]), float(arguments[1]))


def _only(kind: type, arguments: tuple[Any, ...]) -> Any:
    """The one argument, of exactly one kind."""
    if len(arguments) != 1 or type(arguments[0]) is not kind:
        raise ValueError(f"a {kind.__name__} is needed as the only argument of a name")
    return arguments[0]
