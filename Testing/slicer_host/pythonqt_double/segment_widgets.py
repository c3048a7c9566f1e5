# ruff: noqa: N801
"""Doubles of Slicer's widgets that show or choose the segments of a segmentation node."""

from typing import ClassVar

import slicer
from PyQt5 import QtCore, QtGui, QtWidgets

from slicer_host.pythonqt_double.node_combo_box import qMRMLNodeComboBox, qMRMLWidget
from slicer_host.pythonqt_double.objects import double_of
from slicer_host.pythonqt_double.own_values import emit, kept, of_part, own

_ID = QtCore.Qt.UserRole
_SEGMENTATION_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)


class qMRMLSegmentsTableView(qMRMLWidget):
    """A table of segments with their colours; rows are selected as the selection mode allows."""

    _SLICER_CLASS = "qMRMLSegmentsTableView"
    selectionChanged = QtCore.pyqtSignal(QtCore.QItemSelection, QtCore.QItemSelection)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        table = double_of(QtWidgets.QTableWidget)(0, 1, self)
        own(self).update(table=table, node=None, tags=[])
        table.setObjectName("SegmentsTable")
        table.setHorizontalHeaderLabels(["Name"])
        table.horizontalHeader().setStretchLastSection(True)
        table.verticalHeader().hide()
        table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(table)
        table.selectionModel().connect(
            "selectionChanged(QItemSelection,QItemSelection)",
            lambda on, off: emit(self, "selectionChanged(QItemSelection,QItemSelection)", on, off),
        )
        QtCore.QObject.destroyed.__get__(self).connect(unobserve(own(self)))

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setSegmentationNode(self, node) -> None:
        observe(own(self), node, self._fill)
        self._fill()

    def segmentationNode(self):
        return own(self)["node"]

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        rows = sorted({index.row() for index in own(self)["table"].selectionModel().selectedRows()})
        return tuple(self.displayedSegmentIDs()[row] for row in rows)

    def setSelectedSegmentIDs(self, segment_ids) -> None:
        table = own(self)["table"]
        chosen = QtCore.QItemSelection()
        for row, segment_id in enumerate(self.displayedSegmentIDs()):
            if segment_id in segment_ids:
                chosen.select(table.model().index(row, 0), table.model().index(row, 0))
        table.selectionModel().select(
            chosen, QtCore.QItemSelectionModel.ClearAndSelect | QtCore.QItemSelectionModel.Rows
        )

    def clearSelection(self) -> None:
        own(self)["table"].clearSelection()

    def displayedSegmentIDs(self) -> tuple[str, ...]:
        table = own(self)["table"]
        return tuple(table.item(row, 0).data(_ID) for row in range(table.rowCount))

    def tableWidget(self) -> QtWidgets.QTableWidget:
        return own(self)["table"]

    def rowForSegmentID(self, segment_id: str) -> int:
        shown = self.displayedSegmentIDs()
        return shown.index(segment_id) if segment_id in shown else -1

    def segmentIDForRow(self, row: int) -> str:
        return self.displayedSegmentIDs()[row]

    @QtCore.pyqtSlot(int)
    def setSelectionMode(self, mode: int) -> None:
        self.selectionMode = mode

    def _fill(self, *_ignored) -> None:
        table, selected = own(self)["table"], self.selectedSegmentIDs()
        table.blockSignals(True)
        segments = _segments(own(self)["node"])
        table.setRowCount(len(segments))
        for row, (segment_id, segment) in enumerate(segments):
            item = QtWidgets.QTableWidgetItem(segment.GetName())
            item.setData(_ID, segment_id)
            item.setIcon(_patch(segment.GetColor()))
            item.setFlags(item.flags() & ~QtCore.Qt.ItemIsEditable)
            table.setItem(row, 0, item)
        table.blockSignals(False)
        self.setSelectedSegmentIDs(selected)

    def _mode(self) -> int:
        return int(own(self)["table"].selectionMode)

    def _set_mode(self, mode: int) -> None:
        own(self)["table"].setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode(mode))

    selectionMode = QtCore.pyqtProperty(int, _mode, _set_mode)
    segmentCount = of_part(int, "table", "rowCount")
    headerVisible = kept(bool, "headerVisible", True)
    visibilityColumnVisible = kept(bool, "visibilityColumnVisible", True)
    colorColumnVisible = kept(bool, "colorColumnVisible", True)
    opacityColumnVisible = kept(bool, "opacityColumnVisible", True)
    statusColumnVisible = kept(bool, "statusColumnVisible", False)
    readOnly = kept(bool, "readOnly", False)
    filterBarVisible = kept(bool, "filterBarVisible", False)
    jumpToSelectedSegmentEnabled = kept(bool, "jumpToSelectedSegmentEnabled", False)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """A selector of a segmentation with one of its segments, or several with check marks."""

    _SLICER_CLASS = "qMRMLSegmentSelectorWidget"
    currentNodeChanged = QtCore.pyqtSignal(["PyQt_PyObject"], [bool])
    currentSegmentChanged = QtCore.pyqtSignal(str)
    segmentSelectionChanged = QtCore.pyqtSignal("QStringList")
    _SIGNATURES: ClassVar = {
        **qMRMLWidget._SIGNATURES,
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged(PyQt_PyObject)",
    }

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        nodes, segments = qMRMLNodeComboBox(self), double_of(QtWidgets.QListWidget)(self)
        own(self).update(nodes=nodes, segments=segments, node=None, tags=[])
        nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        nodes.setObjectName("MRMLNodeComboBox_Segmentation")
        segments.setMaximumHeight(110)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(nodes)
        column.addWidget(segments)
        nodes.connect("currentNodeChanged(vtkMRMLNode*)", self._node_changed)
        segments.connect("itemChanged(QListWidgetItem*)", lambda: self._chosen())
        segments.connect("currentRowChanged(int)", lambda: self._picked())
        QtCore.QObject.destroyed.__get__(self).connect(unobserve(own(self)))

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLScene(self, scene) -> None:
        own(self)["nodes"].setMRMLScene(scene)
        super().setMRMLScene(scene)

    def currentNode(self):
        return own(self)["nodes"].currentNode()

    def currentNodeID(self) -> str:
        return own(self)["nodes"].currentNodeID

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setCurrentNode(self, node) -> None:
        own(self)["nodes"].setCurrentNode(node)

    @QtCore.pyqtSlot(str)
    def setCurrentNodeID(self, node_id: str) -> None:
        own(self)["nodes"].setCurrentNodeID(node_id)

    def segmentIDs(self) -> tuple[str, ...]:
        return tuple(item.data(_ID) for item in self._items())

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        return tuple(item.data(_ID) for item in self._items() if item.checkState() == QtCore.Qt.Checked)

    @QtCore.pyqtSlot("QStringList")
    def setSelectedSegmentIDs(self, segment_ids) -> None:
        own(self)["segments"].blockSignals(True)
        for item in self._items():
            item.setCheckState(QtCore.Qt.Checked if item.data(_ID) in segment_ids else QtCore.Qt.Unchecked)
        own(self)["segments"].blockSignals(False)
        self._chosen()

    def currentSegmentID(self) -> str:
        item = own(self)["segments"].currentItem()
        return item.data(_ID) if item is not None else ""

    @QtCore.pyqtSlot(str)
    def setCurrentSegmentID(self, segment_id: str) -> None:
        for item in self._items():
            if item.data(_ID) == segment_id:
                own(self)["segments"].setCurrentItem(item)

    def _items(self) -> list[QtWidgets.QListWidgetItem]:
        segments = own(self)["segments"]
        return [segments.item(row) for row in range(segments.count)]

    def _node_changed(self, node) -> None:
        observe(own(self), node, self._fill)
        self._fill()
        emit(self, "currentNodeChanged(PyQt_PyObject)", node)
        emit(self, "currentNodeChanged(bool)", node is not None)

    def _fill(self, *_ignored) -> None:
        segments, checked = own(self)["segments"], self.selectedSegmentIDs()
        segments.blockSignals(True)
        segments.clear()
        for segment_id, segment in _segments(own(self)["node"]):
            item = QtWidgets.QListWidgetItem(_patch(segment.GetColor()), segment.GetName(), segments)
            item.setData(_ID, segment_id)
            if self.multiSelection:
                item.setCheckState(QtCore.Qt.Checked if segment_id in checked else QtCore.Qt.Unchecked)
        segments.blockSignals(False)

    def _chosen(self) -> None:
        emit(self, "segmentSelectionChanged(QStringList)", list(self.selectedSegmentIDs()))

    def _picked(self) -> None:
        emit(self, "currentSegmentChanged(QString)", self.currentSegmentID())

    noneEnabled = of_part(bool, "nodes", "noneEnabled")
    multiSelection = kept(bool, "multiSelection", False, _fill)
    editEnabled = kept(bool, "editEnabled", False)
    selectNodeUponCreation = kept(bool, "selectNodeUponCreation", True)
    horizontalLayout = kept(bool, "horizontalLayout", False)
    segmentationNodeSelectorVisible = kept(
        bool, "nodesVisible", True, lambda widget, shown: own(widget)["nodes"].setVisible(shown)
    )


def observe(state: dict, node, changed) -> None:
    """Watch the segments of `node` instead of those watched before."""
    unobserve(state)()
    state["node"] = node
    if node is not None:
        state["tags"] = [(node, node.AddObserver(event, changed)) for event in _SEGMENTATION_EVENTS]


def unobserve(state: dict):
    def forget(*_ignored) -> None:
        for node, tag in state["tags"]:
            node.RemoveObserver(tag)
        state["tags"] = []

    return forget


def _segments(node) -> list[tuple[str, slicer.vtkSegment]]:
    segmentation = node.GetSegmentation() if node is not None else None
    return [(each, segmentation.GetSegment(each)) for each in segmentation.GetSegmentIDs()] if segmentation else []


def _patch(color: tuple[float, float, float]) -> QtGui.QIcon:
    pixmap = QtGui.QPixmap(14, 14)
    pixmap.fill(QtGui.QColor.fromRgbF(*color))
    return QtGui.QIcon(pixmap)


CLASSES = (qMRMLSegmentSelectorWidget, qMRMLSegmentsTableView)
