"""The stand-in of Slicer's layout manager: real slice and view nodes with real slice logics, no windows."""

from types import SimpleNamespace

import slicer
import vtk

_SLICES = {
    "Red": ("Axial", "R", (0.953, 0.290, 0.200)),
    "Yellow": ("Sagittal", "Y", (0.929, 0.835, 0.298)),
    "Green": ("Coronal", "G", (0.431, 0.690, 0.294)),
}


class Layout:
    """What `slicer.app.layoutManager()` answers.

    Attributes:
        slice_logics: 'Red', 'Yellow', 'Green' -> vtkMRMLSliceLogic.
    """

    def __init__(self, scene: slicer.vtkMRMLScene, application_logic: slicer.vtkSlicerApplicationLogic) -> None:
        self._scene = scene
        self.slice_logics = {name: _slice_logic(name, scene, application_logic) for name in _SLICES}
        logics = vtk.vtkCollection()
        for logic in self.slice_logics.values():
            logics.AddItem(logic)
        application_logic.SetSliceLogics(logics)
        self.layout_logic = slicer.vtkMRMLLayoutLogic()
        self.layout_logic.SetMRMLScene(scene)
        self.reset()

    @property
    def layout(self) -> int:
        return self.layoutLogic().GetLayoutNode().GetViewArrangement()

    def setLayout(self, arrangement: int) -> None:
        self.layoutLogic().GetLayoutNode().SetViewArrangement(arrangement)

    def layoutLogic(self) -> slicer.vtkMRMLLayoutLogic:
        return self.layout_logic

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self.slice_logics)

    def sliceWidget(self, name: str) -> SimpleNamespace | None:
        logic = self.slice_logics.get(name)
        if logic is None:
            return None
        return SimpleNamespace(
            sliceLogic=lambda: logic,
            mrmlSliceNode=logic.GetSliceNode,
            mrmlSliceCompositeNode=logic.GetSliceCompositeNode,
        )

    def mrmlSliceLogics(self) -> vtk.vtkCollection:
        logics = vtk.vtkCollection()
        for logic in self.slice_logics.values():
            logics.AddItem(logic)
        return logics

    def resetSliceViews(self) -> None:
        for logic in self.slice_logics.values():
            logic.FitSliceToAll()

    def resetThreeDViews(self) -> None:
        """There is no camera to reset."""

    def reset(self) -> None:
        """Bring slice views back to where they stand in an empty scene, and give 3D its view node."""
        for name, logic in self.slice_logics.items():
            orientation, label, color = _SLICES[name]
            node = logic.GetSliceNode()
            node.SetOrientation(orientation)
            node.SetLayoutLabel(label)
            node.SetLayoutColor(color)
            node.JumpSliceByCentering(0.0, 0.0, 0.0)
            composite = logic.GetSliceCompositeNode()
            composite.SetBackgroundVolumeID(None)
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
            composite.SetLabelOpacity(1.0)
            composite.SetForegroundOpacity(0.0)
        if self._scene.GetFirstNodeByClass("vtkMRMLViewNode") is None:
            view = slicer.vtkMRMLViewNode()
            view.SetName("View1")
            view.SetLayoutName("1")
            self._scene.AddNode(view)


def _slice_logic(name: str, scene: slicer.vtkMRMLScene, application_logic) -> slicer.vtkMRMLSliceLogic:
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application_logic)
    logic.SetMRMLScene(scene)
    logic.AddSliceNode(name)
    return logic
