"""The modules `qt` and `ctk`."""

import types
from typing import Any

from PyQt5 import QtCore, QtGui, QtWidgets

from slicer_host.pythonqt_double import dialogs
from slicer_host.pythonqt_double.objects import double_of
from slicer_host.pythonqt_double.ui_loader import UiLoader


class QtModule(types.ModuleType):
    """All Qt classes under one name, as PythonQt puts them; anything else does not exist."""

    def __init__(self) -> None:
        super().__init__("qt")
        self.QUiLoader = UiLoader
        for kind in dialogs.CLASSES:
            setattr(self, kind.__name__, kind)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("Q"):
            raise AttributeError(f"qt has no '{name}'")
        for module in (QtWidgets, QtGui, QtCore):
            found = getattr(module, name, None)
            if found is not None:
                is_object = isinstance(found, type) and issubclass(found, QtCore.QObject)
                value = double_of(found) if is_object else found
                setattr(self, name, value)
                return value
        raise AttributeError(f"qt has no '{name}'")


def ctk_module(classes: tuple[type, ...]) -> types.ModuleType:
    module = types.ModuleType("ctk")
    for kind in classes:
        setattr(module, kind.__name__, kind)
    return module
