"""One folder of the subject hierarchy for all nodes of a result, in the study of its image."""

import slicer

from prognosis_slicer.scene.result_record import RESULT_ATTRIBUTE, ResultRecord, Role

_IN_FOLDER = (Role.LABELS, Role.TABLE, Role.SURVIVAL_TABLE, Role.SURVIVAL_SERIES, Role.SURVIVAL_CHART)


def put_in_folder(record: ResultRecord, name: str) -> int:
    """Make the folder beside the image and move the result's nodes into it; gives the folder's item."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(record.scene)
    image = hierarchy.GetItemByDataNode(record.find(Role.IMAGE))
    parent = hierarchy.GetItemParent(image) if image else hierarchy.GetSceneItemID()
    folder = hierarchy.CreateFolderItem(parent, name)
    hierarchy.SetItemAttribute(folder, RESULT_ATTRIBUTE, "folder")
    for role in _IN_FOLDER:
        node = record.find(role)
        if node is not None:
            item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(folder, node)
            hierarchy.SetItemParent(item, folder)
    return folder


def folder_of(record: ResultRecord) -> int | None:
    """The item of a result's folder; None when somebody removed it or moved all nodes out of it."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(record.scene)
    for role in _IN_FOLDER:
        node = record.find(role)
        item = hierarchy.GetItemByDataNode(node) if node is not None else 0
        parent = hierarchy.GetItemParent(item) if item else 0
        if parent and hierarchy.GetItemAttribute(parent, RESULT_ATTRIBUTE):
            return parent
    return None


def remove_folder_when_empty(scene: slicer.vtkMRMLScene, folder: int) -> None:
    """What somebody else put into the folder stays, and the folder with it."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy.GetNumberOfItemChildren(folder) == 0:
        hierarchy.RemoveItem(folder, False, False)
