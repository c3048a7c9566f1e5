"""Loading and saving for `slicer.util`: the stand-in of `coreIOManager()` over real storage nodes and logics."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
import vtk

if TYPE_CHECKING:
    from slicer_host.host import Host

_TYPE_OF_NAME = {
    (".mrml", ".mrb"): "SceneFile",
    (".seg.nrrd", ".seg.vtm", ".stl"): "SegmentationFile",
    (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd"): "VolumeFile",
    (".csv", ".tsv"): "TableFile",
    (".ctbl",): "ColorTableFile",
    (".vtk", ".ply", ".vtp"): "ModelFile",
    (".mrk.json", ".fcsv"): "MarkupsFile",
}


class FileIO:
    """Reads and writes what the modules read and write, with the logics Slicer uses."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def fileType(self, name: str) -> str:
        for endings, kind in _TYPE_OF_NAME.items():
            if str(name).lower().endswith(endings):
                return kind
        return "NoFile"

    def fileWriterFileType(self, node: slicer.vtkMRMLNode) -> str:
        return f"{node.GetNodeTagName()}File"

    def loadNodes(self, kind: str, properties: dict[str, Any], loaded: vtk.vtkCollection, messages: Any) -> bool:
        path = Path(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(path, bool(properties.get("clear", False)), messages)
        if not path.is_file():
            messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"{path.name} does not exist")
            return False
        node = getattr(self, f"_load_{kind}")(path, properties)
        if node is None:
            return False
        loaded.AddItem(node)
        return True

    def loadScene(self, name: str, clear: bool = True) -> bool:
        return self._load_scene(Path(name), clear, slicer.vtkMRMLMessageCollection())

    def saveNodes(self, kind: str, properties: dict[str, Any], messages: Any) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self._save_scene(path, messages)
        node = self._host.scene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode(path)
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        storage.SetUseCompression(int(properties.get("useCompression", storage.GetUseCompression())))
        return bool(storage.WriteData(node))

    def _load_scene(self, path: Path, clear: bool, messages: Any) -> bool:
        scene = self._host.scene
        if path.suffix == ".mrb":
            return bool(scene.ReadFromMRB(str(path), clear, messages))
        scene.SetURL(str(path))
        return bool(scene.Connect(messages) if clear else scene.Import(messages))

    def _save_scene(self, path: str, messages: Any) -> bool:
        scene = self._host.scene
        if path.endswith(".mrb"):
            return bool(scene.WriteToMRB(path, None, messages))
        scene.SetURL(path)
        scene.SetRootDirectory(str(Path(path).parent))
        return bool(scene.Commit(path, messages))

    def _load_VolumeFile(self, path: Path, properties: dict[str, Any]):
        logic = self._host.logics["volumes"]
        options = logic.LabelMap if properties.get("labelmap") else 0
        node = logic.AddArchetypeVolume(str(path), properties.get("name") or _stem(path), options)
        if node is not None and properties.get("show", True):
            self._show(node)
        return node

    def _load_SegmentationFile(self, path: Path, properties: dict[str, Any]):
        logic = self._host.logics["segmentations"]
        opacities = bool(properties.get("autoOpacities", True))
        return logic.LoadSegmentationFromFile(str(path), opacities, properties.get("name") or _stem(path))

    def _load_TableFile(self, path: Path, properties: dict[str, Any]):
        return self._host.logics["tables"].AddTable(str(path), properties.get("name") or _stem(path))

    def _load_ColorTableFile(self, path: Path, properties: dict[str, Any]):
        return self._host.logics["colors"].LoadColorFile(str(path), properties.get("name") or _stem(path))

    def _load_ModelFile(self, path: Path, properties: dict[str, Any]):
        return self._host.logics["models"].AddModel(str(path))

    def _load_MarkupsFile(self, path: Path, properties: dict[str, Any]):
        node_id = self._host.logics["markups"].LoadMarkups(str(path), properties.get("name") or _stem(path))
        return self._host.scene.GetNodeByID(node_id) if node_id else None

    def _show(self, volume: slicer.vtkMRMLVolumeNode) -> None:
        selection = self._host.application_logic.GetSelectionNode()
        if volume.IsA("vtkMRMLLabelMapVolumeNode"):
            selection.SetActiveLabelVolumeID(volume.GetID())
        else:
            selection.SetActiveVolumeID(volume.GetID())
        self._host.application_logic.PropagateVolumeSelection()


def _stem(path: Path) -> str:
    """The file's name without its endings: `liver.seg.nrrd` -> `liver`."""
    return path.name.split(".")[0]
