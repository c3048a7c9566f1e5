# ruff: noqa: N801
"""Doubles of Slicer's node selectors on the real scene."""

from typing import ClassVar

import slicer
from PyQt5 import QtCore, QtWidgets

from slicer_host.pythonqt_double.ctk_widgets import ctkSliderWidget
from slicer_host.pythonqt_double.objects import double_of
from slicer_host.pythonqt_double.own_values import emit, kept, own

_SCENE_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")


class qMRMLNodeComboBox(double_of(QtWidgets.QWidget)):
    """A combo box of the scene's nodes of some types; it follows what is added, renamed and removed."""

    _SLICER_CLASS = "qMRMLNodeComboBox"
    currentNodeChanged = QtCore.pyqtSignal(["PyQt_PyObject"], [bool])
    currentNodeIDChanged = QtCore.pyqtSignal(str)
    nodeAddedByUser = QtCore.pyqtSignal("PyQt_PyObject")
    nodeActivated = QtCore.pyqtSignal("PyQt_PyObject")
    _SIGNATURES: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged(PyQt_PyObject)",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser(PyQt_PyObject)",
        "nodeActivated(vtkMRMLNode*)": "nodeActivated(PyQt_PyObject)",
    }

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        box = double_of(QtWidgets.QComboBox)(self)
        own(self).update(box=box, scene=None, tags=[], node_tags=[], current=None, attributes=[])
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(box)
        box.connect("activated(int)", self._picked)
        QtCore.QObject.destroyed.__get__(self).connect(_unobserve(own(self)))

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLScene(self, scene) -> None:
        state = own(self)
        _unobserve(state)()
        state["scene"] = scene
        if scene is not None:
            for name in _SCENE_EVENTS:
                state["tags"].append(scene.AddObserver(getattr(slicer.vtkMRMLScene, name), self._scene_changed))
        self._follow()

    def mrmlScene(self):
        return own(self)["scene"]

    def currentNode(self):
        state = own(self)
        return state["scene"].GetNodeByID(state["current"]) if state["scene"] and state["current"] else None

    @QtCore.pyqtSlot("PyQt_PyObject")
    @QtCore.pyqtSlot(str)
    def setCurrentNode(self, node) -> None:
        self._select(node if isinstance(node, str) else node.GetID() if node is not None else None)

    @QtCore.pyqtSlot(str)
    def setCurrentNodeID(self, node_id: str) -> None:
        self._select(node_id)

    @QtCore.pyqtSlot(int)
    def setCurrentNodeIndex(self, index: int) -> None:
        node = self.nodeFromIndex(index)
        self._select(node.GetID() if node is not None else None)

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int):
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addAttribute(self, node_type: str, name: str, value=None) -> None:
        own(self)["attributes"].append((node_type, name, value))
        self._follow()

    @QtCore.pyqtSlot()
    @QtCore.pyqtSlot(str)
    def addNode(self, node_type: str | None = None):
        kind = node_type or self.nodeTypes[0]
        node = self.mrmlScene().AddNewNodeByClass(kind, self.baseName or "")
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        emit(self, "nodeAddedByUser(PyQt_PyObject)", node)
        return node

    @QtCore.pyqtSlot()
    def removeCurrentNode(self) -> None:
        self.mrmlScene().RemoveNode(self.currentNode())

    def _id(self) -> str:
        return own(self)["current"] or ""

    def _select(self, node_id: str | None) -> None:
        """Take a node of the list; anything else selects none, where that is allowed."""
        known = [node.GetID() for node in self._nodes()]
        chosen = node_id if node_id in known else None if self.noneEnabled or not known else own(self)["current"]
        changed = chosen != own(self)["current"]
        own(self)["current"] = chosen
        self._show(known)
        if changed:
            node = self.currentNode()
            emit(self, "currentNodeChanged(PyQt_PyObject)", node)
            emit(self, "currentNodeChanged(bool)", node is not None)
            emit(self, "currentNodeIDChanged(QString)", chosen or "")

    def _show(self, known: list[str]) -> None:
        state = own(self)
        box = state["box"]
        box.blockSignals(True)
        box.clear()
        if self.noneEnabled or not known:
            box.addItem(self.noneDisplay, None)
        for node_id in known:
            box.addItem(state["scene"].GetNodeByID(node_id).GetName(), node_id)
        box.setCurrentIndex(max(box.findData(state["current"]), 0))
        box.blockSignals(False)

    def _picked(self, index: int) -> None:
        self._select(own(self)["box"].itemData(index))

    def _follow(self, *_ignored) -> None:
        known = [node.GetID() for node in self._nodes()]
        for node, tag in own(self)["node_tags"]:
            node.RemoveObserver(tag)
        own(self)["node_tags"] = [(node, node.AddObserver("ModifiedEvent", self._renamed)) for node in self._nodes()]
        current = own(self)["current"]
        if current is None and known and not self.noneEnabled:
            current = known[0]
        self._select(current if current in known else known[0] if known and not self.noneEnabled else None)

    def _scene_changed(self, *_ignored) -> None:
        scene = own(self)["scene"]
        if not scene.IsBatchProcessing() and not scene.IsClosing():
            self._follow()

    def _renamed(self, *_ignored) -> None:
        self._show([node.GetID() for node in self._nodes()])

    def _nodes(self) -> list:
        scene = own(self)["scene"]
        if scene is None:
            return []
        nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
        return [node for node in nodes if self._takes(node)]

    def _takes(self, node) -> bool:
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        if self.showChildNodeTypes:
            fits = any(node.IsA(kind) for kind in self.nodeTypes)
        else:
            fits = node.GetClassName() in self.nodeTypes
        hidden = any(node.IsA(kind) for kind in self.hideChildNodeTypes)
        return fits and not hidden and all(_has(node, *attribute) for attribute in own(self)["attributes"])

    currentNodeID = QtCore.pyqtProperty(str, _id, _select)
    nodeTypes = kept("QStringList", "nodeTypes", [], _follow)
    hideChildNodeTypes = kept("QStringList", "hideChildNodeTypes", [], _follow)
    showChildNodeTypes = kept(bool, "showChildNodeTypes", True, _follow)
    showHidden = kept(bool, "showHidden", False, _follow)
    noneEnabled = kept(bool, "noneEnabled", False, _follow)
    noneDisplay = kept(str, "noneDisplay", "None", _follow)
    baseName = kept(str, "baseName", "")
    addEnabled = kept(bool, "addEnabled", True)
    removeEnabled = kept(bool, "removeEnabled", True)
    editEnabled = kept(bool, "editEnabled", False)
    renameEnabled = kept(bool, "renameEnabled", False)
    selectNodeUponCreation = kept(bool, "selectNodeUponCreation", True)


class qMRMLWidget(double_of(QtWidgets.QWidget)):
    """The outermost widget of a module: hands its scene to the widgets inside."""

    _SLICER_CLASS = "qMRMLWidget"
    mrmlSceneChanged = QtCore.pyqtSignal("PyQt_PyObject")
    _SIGNATURES: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged(PyQt_PyObject)"}

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLScene(self, scene) -> None:
        own(self)["scene"] = scene
        emit(self, "mrmlSceneChanged(PyQt_PyObject)", scene)

    def mrmlScene(self):
        return own(self).get("scene")


class qMRMLSliderWidget(ctkSliderWidget):
    _SLICER_CLASS = "qMRMLSliderWidget"
    quantity = kept(str, "quantity", "")

    @QtCore.pyqtSlot("PyQt_PyObject")
    def setMRMLScene(self, scene) -> None:
        own(self)["scene"] = scene


def _has(node: slicer.vtkMRMLNode, node_type: str, name: str, value) -> bool:
    if not node.IsA(node_type):
        return True
    held = node.GetAttribute(name)
    return held is not None and (value is None or held == str(value))


def _unobserve(state: dict):
    def forget(*_ignored) -> None:
        if state["scene"] is not None:
            for tag in state["tags"]:
                state["scene"].RemoveObserver(tag)
        for node, tag in state["node_tags"]:
            node.RemoveObserver(tag)
        state["tags"], state["node_tags"] = [], []

    return forget


CLASSES = (qMRMLNodeComboBox, qMRMLSliderWidget, qMRMLWidget)
