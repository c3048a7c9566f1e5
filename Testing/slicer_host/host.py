"""The scene and logics of one process, where modules find them: `slicer.mrmlScene`, `slicer.modules`, `slicer.app`."""

import atexit
import colorsys
import functools
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import slicer
import vtk

from slicer_host import file_io, subject_hierarchy
from slicer_host.application import Application
from slicer_host.layout import Layout
from slicer_host.vtk_messages import VtkMessages

LOGICS = {
    "terminologies": slicer.vtkSlicerTerminologiesModuleLogic,
    "subjecthierarchy": slicer.vtkSlicerSubjectHierarchyModuleLogic,
    "segmentations": slicer.vtkSlicerSegmentationsModuleLogic,
    "colors": slicer.vtkSlicerColorLogic,
    "volumes": slicer.vtkSlicerVolumesLogic,
    "models": slicer.vtkSlicerModelsLogic,
    "markups": slicer.vtkSlicerMarkupsLogic,
    "tables": slicer.vtkSlicerTablesLogic,
    "plots": slicer.vtkSlicerPlotsLogic,
    "texts": slicer.vtkSlicerTextsLogic,
    "cropvolume": slicer.vtkSlicerCropVolumeLogic,
}
_NAMES_OF_LOGICS = {
    "subjecthierarchy": "SubjectHierarchy",
    "cropvolume": "CropVolume",
}


class Host:
    """One scene with its logics, alive as long as the process, as in Slicer.

    Attributes:
        scene: The vtkMRMLScene behind `slicer.mrmlScene`.
        logics: Module name in lower case -> its logic.
        layout: The stand-in of the layout manager, with real slice logics Red, Yellow and Green.
        app: The stand-in behind `slicer.app`.
        messages: What VTK and MRML complained about since the last `clear`.
    """

    def __init__(self) -> None:
        self.messages = VtkMessages()
        self.folder = Path(tempfile.mkdtemp(prefix="slicer-host-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.scene = slicer.vtkMRMLScene()
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetTemporaryPath(str(self.folder))
        self.scene.SetRootDirectory(str(self.folder))
        slicer.mrmlScene = self.scene
        self._remote_io = _data_io(self.scene, self.application_logic, self.folder / "cache")
        self.application_logic.SetMRMLScene(self.scene)
        self._observers = subject_hierarchy.keep_in_step(self.scene)
        self.logics = {name: self._logic(name, kind) for name, kind in LOGICS.items()}
        self.application_logic.SetColorLogic(self.logics["colors"])
        _add_generic_colors(self.scene)
        self.layout = Layout(self.scene, self.application_logic)
        self.app = Application(self.application_logic, self.layout, file_io.FileIO(self), self.folder)
        slicer.app = self.app
        slicer.modules = SimpleNamespace()
        for name, logic in self.logics.items():
            setattr(slicer.modules, name, _module(name, logic))
        self.messages.clear()

    def clear(self) -> None:
        """Empty the scene as File > Close scene does, and forget messages."""
        self.scene.Clear(False)
        self.scene.SetURL("")
        self.layout.reset()
        self.app.reset()
        self.messages.clear()

    def _logic(self, name: str, kind: type) -> vtk.vtkObject:
        logic = kind()
        logic.SetMRMLApplicationLogic(self.application_logic)
        logic.SetMRMLScene(self.scene)  # before any node is made: segmentations register their converters here
        self.application_logic.SetModuleLogic(_NAMES_OF_LOGICS.get(name, name.capitalize()), logic)
        return logic


@functools.cache
def the_host() -> Host:
    """The host of this process, started when first asked for."""
    return Host()


def _data_io(scene, application_logic, cache: Path) -> tuple[vtk.vtkObject, vtk.vtkObject]:
    """The file transfers of the scene: an .mrb cannot be read without their cache folder."""
    cache.mkdir()
    remote, manager = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
    remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    remote.GetCacheManager().SetMRMLScene(scene)
    remote.SetMRMLScene(scene)
    remote.AddDataIOToScene()
    manager.SetMRMLApplicationLogic(application_logic)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    return remote, manager


def _module(name: str, logic: vtk.vtkObject | None) -> SimpleNamespace:
    return SimpleNamespace(name=name, logic=lambda: logic)


def _add_generic_colors(scene: slicer.vtkMRMLScene) -> None:
    """The default colours of label maps: Slicer reads them from a file that the wheel does not carry."""
    colors = slicer.vtkMRMLColorTableNode()
    colors.SetTypeToUser()
    colors.SetNumberOfColors(256)
    for value in range(256):
        colors.SetColor(value, f"region {value}", *_distinct(value), 1.0 if value else 0.0)
    colors.SetName("GenericColors")
    colors.SetSingletonTag("FileGenericColors.txt")
    colors.SetAttribute("Category", "Discrete")
    colors.SetHideFromEditors(False)
    colors.SetSaveWithScene(False)
    scene.AddNode(colors)


def _distinct(value: int) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb((value * 0.381966) % 1.0, 0.6, 0.9) if value else (0.0, 0.0, 0.0)
