"""Small parts that the doubles of widgets are put together from."""

from collections.abc import Callable
from typing import Any

from PyQt5 import QtCore


def own(widget: QtCore.QObject) -> dict[str, Any]:
    """What a double keeps for itself; not reachable as an attribute."""
    return widget.__dict__.setdefault("_own", {})


def kept(kind: Any, name: str, default: Any, after: Callable[[Any, Any], None] | None = None) -> QtCore.pyqtProperty:
    """A property that is remembered; `after(widget, value)` runs once it is set."""

    def get(widget):
        return own(widget).get(name, default)

    def put(widget, value):
        own(widget)[name] = value
        if after is not None:
            after(widget, value)

    return QtCore.pyqtProperty(kind, get, put)


def of_part(kind: Any, part: str, name: str) -> QtCore.pyqtProperty:
    """A property of an inner widget, shown as the widget's own."""

    def get(widget):
        return QtCore.QObject.property(own(widget)[part], name)

    def put(widget, value):
        QtCore.QObject.setProperty(own(widget)[part], name, value)

    return QtCore.pyqtProperty(kind, get, put)


def attribute_of(widget: QtCore.QObject, signal: str) -> str:
    """The Python name of a signal, where it differs."""
    return getattr(type(widget), "_ATTRIBUTES", {}).get(signal, signal)


def emit(widget: QtCore.QObject, signature: str, *arguments: Any) -> None:
    """Emit the overload with this signature."""
    name, types = signature.rstrip(")").split("(")
    bound = object.__getattribute__(widget, attribute_of(widget, name))
    (bound[tuple(types.split(","))] if types else bound).emit(*arguments)
