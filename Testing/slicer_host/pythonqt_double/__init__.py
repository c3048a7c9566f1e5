"""A double of PythonQt over PyQt5: real Qt windows, reached by PythonQt's rules.

What PythonQt only prints (a wrong signature) or what PyQt5 would let pass (a property called as a method, a new
attribute on a C++ object, a keyword argument) raises here. `install` makes `qt`, `ctk` and `slicer.qMRML…` importable.
"""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import slicer
from PyQt5 import QtWidgets

from slicer_host.pythonqt_double import (
    ctk_widgets,
    node_combo_box,
    segment_widgets,
    slot_errors,
    table_view,
)
from slicer_host.pythonqt_double.qt_module import QtModule, ctk_module

_application: list[QtWidgets.QApplication] = []


def install() -> QtModule:
    """Put the doubles where modules import them from, start Qt, and return the double of `qt`."""
    if "qt" not in sys.modules:
        _application.append(QtWidgets.QApplication.instance() or QtWidgets.QApplication(["Slicer"]))
        QtWidgets.QApplication.setQuitOnLastWindowClosed(False)
        QtWidgets.QApplication.setStyle("Fusion")
        slot_errors.catch()
        sys.modules["qt"] = QtModule()
        sys.modules["ctk"] = ctk_module(ctk_widgets.CLASSES)
        for kind in (*node_combo_box.CLASSES, *segment_widgets.CLASSES, *table_view.CLASSES):
            setattr(slicer, kind.__name__, kind)
    return sys.modules["qt"]
