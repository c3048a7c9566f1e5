"""Connecting as PythonQt does: by signature, with as many arguments as the slot takes."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from PyQt5 import QtCore

from slicer_host.pythonqt_double.own_values import attribute_of


class SignalError(AttributeError):
    """A signal or signature that the object does not have. PythonQt prints a line and goes on, deaf."""


class Signal:
    """What `button.clicked` gives: connect, disconnect, emit; calling it emits."""

    def __init__(self, sender: QtCore.QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, slot: Callable) -> bool:
        return connect(self._sender, _only_signature(self._sender, self._name), slot)

    def disconnect(self, slot: Callable) -> bool:
        return disconnect(self._sender, _only_signature(self._sender, self._name), slot)

    def emit(self, *arguments: Any) -> None:
        _bound(self._sender, _only_signature(self._sender, self._name)).emit(*arguments)

    __call__ = emit


def connect(sender: QtCore.QObject, signature: str, *target: Any) -> bool:
    """Connect to a callable, or to a receiver and the signature of its slot."""
    slot = _slot(target)
    takes = _arguments_taken(slot)
    given = _count(signature)

    def relay(*arguments):
        passed = arguments[:given]
        slot(*(passed if takes is None else passed[:takes]))

    _bound(sender, signature).connect(relay)
    _connections(sender).append((_normal(signature), target, relay))
    return True


def disconnect(sender: QtCore.QObject, signature: str, *target: Any) -> bool:
    """Undo `connect`; whether there was such a connection."""
    for entry in _connections(sender):
        if entry[:2] == (_normal(signature), target):
            _bound(sender, signature).disconnect(entry[2])
            _connections(sender).remove(entry)
            return True
    return False


def _arguments_taken(slot: Callable) -> int | None:
    """Positional arguments of a Python function, those with defaults included; None where PythonQt passes all."""
    function = slot.__func__ if inspect.ismethod(slot) else slot
    if not inspect.isfunction(function) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - inspect.ismethod(slot)


def _slot(target: tuple) -> Callable:
    if len(target) == 1 and callable(target[0]):
        return target[0]
    if len(target) == 2 and isinstance(target[1], str):
        receiver, slot = target
        if receiver.metaObject().indexOfMethod(_normal(slot)) < 0:
            raise SignalError(f"{receiver.metaObject().className()} has no slot {slot}")
        method = getattr(receiver, slot.split("(")[0])
        return partial(_call_with, method, _count(slot))
    raise SignalError(f"cannot connect to {target!r}: a callable, or a receiver and 'slot(types)' is needed")


def _call_with(method: Callable, count: int, *arguments: Any) -> None:
    method(*arguments[:count])


def _bound(sender: QtCore.QObject, signature: str) -> Any:
    aliases = getattr(type(sender), "_SIGNATURES", {})
    wanted = _normal(signature)
    known = aliases.get(wanted, wanted)
    meta = QtCore.QObject.metaObject(sender)
    if wanted in aliases.values() or meta.indexOfSignal(known) < 0:
        raise SignalError(f"{meta.className()} has no signal '{signature}'")
    name, types = known.rstrip(")").split("(")
    bound = object.__getattribute__(sender, attribute_of(sender, name))
    try:
        return bound[tuple(types.split(","))] if types else bound
    except KeyError:  # one of the shorter forms that default arguments make
        return bound


def _signatures(sender: QtCore.QObject, name: str) -> list[str]:
    meta = QtCore.QObject.metaObject(sender)
    methods = (meta.method(index) for index in range(meta.methodCount()))
    return [
        bytes(method.methodSignature()).decode()
        for method in methods
        if method.methodType() == QtCore.QMetaMethod.Signal and bytes(method.name()).decode() == name
    ]


def _only_signature(sender: QtCore.QObject, name: str) -> str:
    """The signature with the most arguments; overloads of different types have to be told apart by the caller."""
    signatures = _signatures(sender, name)
    longest = max(signatures, key=_count)
    if sum(_count(each) == _count(longest) for each in signatures) > 1:
        raise SignalError(f"{name} has overloads {signatures}: connect by signature")
    for shown, inner in getattr(type(sender), "_SIGNATURES", {}).items():
        if inner == longest:
            return shown
    return longest


def _normal(signature: str) -> str:
    return bytes(QtCore.QMetaObject.normalizedSignature(signature)).decode()


def _count(signature: str) -> int:
    inside = signature[signature.index("(") + 1 : signature.rindex(")")].strip() if "(" in signature else ""
    return len(inside.split(",")) if inside else 0


def _connections(sender: QtCore.QObject) -> list:
    return sender.__dict__.setdefault("_connections", [])
