"""The pickle instructions that make and fill lists, tuples, dictionaries and sets."""

from collections.abc import Callable
from typing import Any

from prognosis.bundles.foreign.stack import Stack, exactly, key


def _list(stack: Stack) -> None:
    stack.push(stack.pop_to_mark())


def _tuple(stack: Stack) -> None:
    stack.push(tuple(stack.pop_to_mark()))


def _tuple_of(count: int) -> Callable[[Stack], None]:
    def make(stack: Stack) -> None:
        stack.push(tuple(reversed([stack.pop() for _ in range(count)])))

    return make


def _dict(stack: Stack) -> None:
    items = stack.pop_to_mark()
    stack.push({})
    _fill(stack.top(), items)


def _frozenset(stack: Stack) -> None:
    stack.push(frozenset(map(key, stack.pop_to_mark())))


def _append(stack: Stack) -> None:
    item = stack.pop()
    exactly(list, stack.top()).append(item)


def _appends(stack: Stack) -> None:
    items = stack.pop_to_mark()
    exactly(list, stack.top()).extend(items)


def _set_item(stack: Stack) -> None:
    value, name = stack.pop(), stack.pop()
    _fill(exactly(dict, stack.top()), [name, value])


def _set_items(stack: Stack) -> None:
    items = stack.pop_to_mark()
    _fill(exactly(dict, stack.top()), items)


def _add_items(stack: Stack) -> None:
    items = stack.pop_to_mark()
    exactly(set, stack.top()).update(map(key, items))


def _fill(target: dict[Any, Any], items: list[Any]) -> None:
    if len(items) % 2:
        raise ValueError("a pickle has a key without a value")
    for name, value in zip(items[::2], items[1::2], strict=True):
        target[key(name)] = value


CONTAINER_STEPS: dict[str, Callable[[Stack], None]] = {
    "NONE": lambda stack: stack.push(None),
    "NEWTRUE": lambda stack: stack.push(True),
    "NEWFALSE": lambda stack: stack.push(False),
    "EMPTY_LIST": lambda stack: stack.push([]),
    "EMPTY_TUPLE": lambda stack: stack.push(()),
    "EMPTY_DICT": lambda stack: stack.push({}),
    "EMPTY_SET": lambda stack: stack.push(set()),
    "LIST": _list,
    "TUPLE": _tuple,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "DICT": _dict,
    "FROZENSET": _frozenset,
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "ADDITEMS": _add_items,
}
