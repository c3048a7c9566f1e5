"""Gives nodes their items in the subject hierarchy, as the application's plugins do."""

import slicer
import vtk

_KINDS_WITH_ITEMS = (
    "vtkMRMLVolumeNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLModelNode",
    "vtkMRMLMarkupsNode",
    "vtkMRMLTableNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
    "vtkMRMLTextNode",
    "vtkMRMLTransformNode",
)


def keep_in_step(scene: slicer.vtkMRMLScene) -> list[int]:
    """Add an item for each node that comes, remove it with the node; return the observer tags."""

    def added(_scene, _event, node):
        if not scene.IsBatchProcessing():
            _add_item(scene, node)

    def removed(_scene, _event, node):
        if scene.IsClosing() or scene.IsBatchProcessing() or node.IsA("vtkMRMLSubjectHierarchyNode"):
            return
        hierarchy = _hierarchy(scene)
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.RemoveItem(item, False, False)

    def imported(_scene, _event):
        for index in range(scene.GetNumberOfNodes()):
            _add_item(scene, scene.GetNthNode(index))

    def closed(_scene, _event):
        _hierarchy(scene)  # makes the hierarchy of the next scene, as the application does

    added.CallDataType = removed.CallDataType = vtk.VTK_OBJECT
    return [
        scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, added),
        scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, removed),
        scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, imported),
        scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, closed),
    ]


def _add_item(scene: slicer.vtkMRMLScene, node: slicer.vtkMRMLNode) -> None:
    if node.GetHideFromEditors() or not any(node.IsA(kind) for kind in _KINDS_WITH_ITEMS):
        return
    hierarchy = _hierarchy(scene)
    if not hierarchy.GetItemByDataNode(node):
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def _hierarchy(scene: slicer.vtkMRMLScene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
