"""Walking through what a foreign file held, and the tensors in it by name."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prognosis.bundles.foreign.limits import shown
from prognosis.bundles.foreign.records import ForeignObject, StoredArray, StoredTensor
from prognosis.errors import ModelError

if TYPE_CHECKING:
    import torch

_DEEPEST = 64
_MOST_PLACES = 1_000_000
_LONGEST_NAME = 1000

_Parts = Callable[[Any], Iterator[tuple[str, Any]]]


def flat_tensors(tree: Any) -> dict[str, "torch.Tensor"]:
    """Name -> tensor of all tensors and number arrays in a tree, or in a part of one.

    The keys, positions and attributes on the way are joined by dots. Of a network its parameters and buffers are taken,
    and those of the networks inside it: 'synthesis.b4.const'.

    Args:
        tree: `ForeignCheckpoint.tree` or a part of it.

    Raises:
        ModelError: Two tensors have the same name, or a name is too long.
    """
    found: dict[str, torch.Tensor] = {}
    for path, node in _walk(tree, _named_parts):
        if not isinstance(node, StoredTensor | StoredArray):
            continue
        name = ".".join(path)
        if name in found or len(name) > _LONGEST_NAME:
            raise ModelError(
                f"The file has two tensors called {shown(name)}, or a name too long for one.",
                remedy="Get the file again from its source.",
            )
        found[name] = node.tensor()
    return found


def require_a_tree(tree: Any) -> None:
    """Refuse what holds itself, is nested too deeply, or unfolds into too many parts.

    Raises:
        ValueError: It is one of these.
    """
    for _ in _walk(tree, _all_parts):
        continue


def _walk(tree: Any, parts: _Parts) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every part with the names on the way to it, one level after another being opened."""
    yield (), tree
    path: list[str] = []
    open_levels = [parts(tree)]
    for _ in range(_MOST_PLACES):
        name, node = next(open_levels[-1], (None, None))
        if name is None:
            open_levels.pop()
            if not open_levels:
                return
            del path[-1:]
            continue
        if len(open_levels) > _DEEPEST:
            break
        path.append(name)
        yield tuple(path), node
        open_levels.append(parts(node))
    raise ValueError(f"it holds itself, or unfolds into over {_MOST_PLACES // 2} parts or {_DEEPEST} levels")


def _all_parts(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ForeignObject):
        yield from _entries(node.state)
    else:
        yield from _members(node)


def _named_parts(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ForeignObject) and node.is_module:
        for kind in ("_parameters", "_buffers", "_modules"):
            yield from _entries(node.state[kind])
    else:
        yield from _all_parts(node)


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from _entries(node)
    elif isinstance(node, list | tuple):
        yield from ((str(at), part) for at, part in enumerate(node))


def _entries(node: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    return ((str(key), part) for key, part in node.items())
