# ruff: noqa: N801
"""Doubles of Slicer's views of table and plot nodes."""

from typing import ClassVar

import vtk
from PyQt5 import QtCore, QtGui, QtWidgets

from slicer_host.pythonqt_double.node_combo_box import qMRMLWidget
from slicer_host.pythonqt_double.objects import double_of
from slicer_host.pythonqt_double.own_values import emit, kept, own


class qMRMLTableView(double_of(QtWidgets.QTableView)):
    """The rows of a vtkMRMLTableNode; follows the node."""

    _SLICER_CLASS = "qMRMLTableView"
    mrmlSceneChanged = QtCore.pyqtSignal("PyQt_PyObject")
    _selected = QtCore.pyqtSignal(name="selectionChanged")  # the plain name would override a virtual method
    _ATTRIBUTES: ClassVar = {"selectionChanged": "_selected"}
    _SIGNATURES: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyQt_PyObject)"}

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        model = QtGui.QStandardItemModel(self)
        sorting = QtCore.QSortFilterProxyModel(self)
        sorting.setSourceModel(model)
        QtWidgets.QTableView.setModel(self, sorting)
        own(self).update(model=model, sorting=sorting, node=None, tag=None, scene=None)
        chosen = QtWidgets.QTableView.selectionModel(self)
        chosen.selectionChanged.connect(lambda: emit(self, "selectionChanged()"))
        QtCore.QObject.destroyed.__get__(self).connect(_unobserve(own(self)))

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLScene(self, scene) -> None:
        own(self)["scene"] = scene
        emit(self, "mrmlSceneChanged(PyQt_PyObject)", scene)

    def mrmlScene(self):
        return own(self)["scene"]

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLTableNode(self, node) -> None:
        _unobserve(own(self))()
        own(self)["node"] = node
        if node is not None:
            own(self)["tag"] = node.AddObserver("ModifiedEvent", self._fill)
        self._fill()

    def mrmlTableNode(self):
        return own(self)["node"]

    def tableModel(self):
        return own(self)["model"]

    def sortFilterProxyModel(self):
        return own(self)["sorting"]

    def _fill(self, *_ignored) -> None:
        model, node = own(self)["model"], own(self)["node"]
        model.clear()
        table = node.GetTable() if node is not None else vtk.vtkTable()
        columns = range(table.GetNumberOfColumns())
        model.setHorizontalHeaderLabels([table.GetColumnName(column) for column in columns])
        for row in range(table.GetNumberOfRows()):
            model.appendRow([_item(table.GetValue(row, column)) for column in columns])

    transposed = kept(bool, "transposed", False)
    firstRowLocked = kept(bool, "firstRowLocked", False)
    firstColumnLocked = kept(bool, "firstColumnLocked", False)


class qMRMLPlotWidget(qMRMLWidget):
    """Curves of the chart that the plot view node names; a plain drawing where Slicer has a VTK chart."""

    _SLICER_CLASS = "qMRMLPlotWidget"

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLPlotViewNode(self, node) -> None:
        own(self)["view"] = node
        QtWidgets.QWidget.update(self)

    def mrmlPlotViewNode(self):
        return own(self).get("view")

    def paintEvent(self, event) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect, QtCore.Qt.white)
        view = own(self).get("view")
        chart = view.GetPlotChartNode() if view is not None else None
        if chart is not None:
            painter.drawText(8, 16, chart.GetTitle() or "")


def _item(value: vtk.vtkVariant) -> QtGui.QStandardItem:
    item = QtGui.QStandardItem()
    number = value.ToDouble() if value.IsNumeric() else value.ToString()
    item.setData(number, QtCore.Qt.DisplayRole)
    return item


def _unobserve(state: dict):
    def forget(*_ignored) -> None:
        if state["node"] is not None and state["tag"] is not None:
            state["node"].RemoveObserver(state["tag"])
        state["tag"] = None

    return forget


CLASSES = (qMRMLPlotWidget, qMRMLTableView)
