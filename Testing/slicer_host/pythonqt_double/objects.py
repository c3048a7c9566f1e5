"""Attribute access on Qt objects by PythonQt's rules."""

from typing import Any

from PyQt5 import QtCore, sip

from slicer_host.pythonqt_double import signals
from slicer_host.pythonqt_double.own_values import attribute_of

_ONLY_IN_PYQT = frozenset({"pyqtConfigure", "staticMetaObject", "senderSignalIndex"})
_classes: dict[type, type] = {}


class _DoubleType(type(QtCore.QObject)):
    """`isinstance(button, qt.QWidget)` holds, though doubles inherit from PyQt5's classes and not from each other."""

    def __instancecheck__(cls, instance: object) -> bool:
        wrapped = cls.__dict__.get("_wraps")
        return isinstance(instance, wrapped) if wrapped is not None else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        wrapped = cls.__dict__.get("_wraps")
        return issubclass(subclass, wrapped) if wrapped is not None else super().__subclasscheck__(subclass)


class PythonQtRules:
    """Mixed into every class of QObjects.

    Properties are attributes and win over methods; children are reached by their names; a C++ object takes no new
    attributes; methods take no keywords.
    """

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        if name == "name":
            return QtCore.QObject.objectName(self)
        meta = QtCore.QObject.metaObject(self)
        if meta.indexOfProperty(name) >= 0 or name.encode() in QtCore.QObject.dynamicPropertyNames(self):
            return adopt(QtCore.QObject.property(self, name))
        if name in _ONLY_IN_PYQT:
            raise AttributeError(f"{meta.className()} has no attribute '{name}' in PythonQt")
        try:
            member = object.__getattribute__(self, attribute_of(self, name))
        except AttributeError:
            child = QtCore.QObject.findChild(self, QtCore.QObject, name)
            if child is None:
                raise
            return adopt(child)
        if isinstance(member, QtCore.pyqtBoundSignal):
            return signals.Signal(self, name)
        return _without_keywords(member) if _is_of_qt(member) else member

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name":
            name = "objectName"
        meta = QtCore.QObject.metaObject(self)
        index = meta.indexOfProperty(name)
        if index >= 0:
            if not meta.property(index).isWritable():
                raise AttributeError(f"property '{name}' of {meta.className()} is read-only")
            if not QtCore.QObject.setProperty(self, name, value):
                raise TypeError(f"property '{name}' of {meta.className()} cannot be set to {value!r}")
        elif name.encode() in QtCore.QObject.dynamicPropertyNames(self):
            QtCore.QObject.setProperty(self, name, value)
        elif not _is_a_double(type(self)):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(f"{meta.className()} has no property '{name}', and C++ objects take no new attributes")

    def __bool__(self) -> bool:
        return True

    def connect(self, signature: str, *target: Any) -> bool:
        return signals.connect(self, signature, *target)

    def disconnect(self, signature: str, *target: Any) -> bool:
        return signals.disconnect(self, signature, *target)

    def findChildren(self, kind: type, name: str = "") -> tuple[QtCore.QObject, ...]:
        found = QtCore.QObject.findChildren(self, QtCore.QObject)
        return adopt([each for each in found if isinstance(each, kind) and name in ("", _object_name(each))])

    def findChild(self, kind: type, name: str = "") -> QtCore.QObject | None:
        return next(iter(self.findChildren(kind, name)), None)

    def className(self) -> str:
        return QtCore.QObject.metaObject(self).className()

    def delete(self) -> None:
        sip.delete(self)


def double_of(qt_class: type) -> type:
    """The one double of a PyQt5 class of QObjects."""
    if qt_class not in _classes:
        members = {"_wraps": qt_class, "__module__": "PythonQt"}
        _classes[qt_class] = _DoubleType(qt_class.__name__, (PythonQtRules, qt_class), members)
    return _classes[qt_class]


def _object_name(each: QtCore.QObject) -> str:
    return QtCore.QObject.objectName(each)


def adopt(value: Any) -> Any:
    """Give objects that Qt made itself (headers, selection models, button boxes' buttons) the same rules."""
    if isinstance(value, list | tuple):
        return tuple(adopt(each) for each in value)  # PythonQt gives tuples for Qt's lists
    if isinstance(value, QtCore.QObject) and not isinstance(value, PythonQtRules):
        value.__class__ = double_of(type(value))
    return value


def stands_for(qt_class: type):
    """Class decorator: this class is the double of `qt_class` wherever Qt or a .ui file makes one."""

    def register(kind: type) -> type:
        kind._wraps = qt_class
        _classes[qt_class] = kind
        return kind

    return register


def _is_a_double(kind: type) -> bool:
    """Whether this is a C++ class to the module, and not one that a module derived in Python."""
    return "_wraps" in kind.__dict__ or "_SLICER_CLASS" in kind.__dict__


def _is_of_qt(member: Any) -> bool:
    return type(member).__name__ in ("builtin_function_or_method", "methodwrapper")


def _without_keywords(method: Any) -> Any:
    def call(*arguments):
        return adopt(method(*arguments))

    call.__name__ = getattr(method, "__name__", "call")
    return call
