"""Pictures of MRML nodes without the application: what Slicer's own slice logic and displayable managers draw."""

import functools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import slicer
import vtk

from slicer_host.host import the_host


@functools.cache
def why_not() -> str | None:
    """Why nothing can be drawn off screen here, or None when it can; asked of another process, for VTK may crash."""
    drawn = subprocess.run([sys.executable, "-c", _TRIAL], capture_output=True, check=False, timeout=60)
    return None if drawn.returncode == 0 else "VTK draws nothing off screen: libegl1 and libegl-mesa0 are needed"


_TRIAL = """
import vtk
window = getattr(vtk, "vtkEGLRenderWindow", vtk.vtkRenderWindow)()
window.SetOffScreenRendering(True)
renderer = vtk.vtkRenderer()
renderer.SetBackground(1.0, 0.0, 0.0)
window.AddRenderer(renderer)
window.Render()
pixel = vtk.vtkUnsignedCharArray()
window.GetPixelData(8, 8, 8, 8, 0, pixel, 0)
raise SystemExit(pixel.GetTuple3(0) != (255.0, 0.0, 0.0))
"""


def render_slice(
    volume: slicer.vtkMRMLVolumeNode,
    label: slicer.vtkMRMLLabelMapVolumeNode | None = None,
    *,
    orientation: str = "Axial",
    ras: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: tuple[int, int] = (400, 400),
    label_opacity: float = 0.5,
    outline: bool = False,
) -> bytes:
    """The slice through `ras` as Slicer blends it, with everything else in the scene that shows on slices, as PNG.

    Args:
        volume: Background.
        label: Label layer, filled or as outlines.
        orientation: 'Axial', 'Sagittal' or 'Coronal'.
        ras: Point the slice goes through.
        size: Pixels across and down.
        label_opacity: Of the label layer.
        outline: Outlines instead of filled labels.
    """
    name = {"Axial": "Red", "Sagittal": "Yellow", "Coronal": "Green"}[orientation]
    logic = the_host().layout.slice_logics[name]
    node, composite = logic.GetSliceNode(), logic.GetSliceCompositeNode()
    composite.SetBackgroundVolumeID(volume.GetID())
    composite.SetLabelVolumeID(label.GetID() if label is not None else None)
    composite.SetLabelOpacity(label_opacity)
    node.SetUseLabelOutline(outline)
    logic.ResizeSliceNode(*size)
    logic.FitSliceToBackground(*size)
    node.JumpSliceByOffsetting(*ras)
    logic.UpdateImageData()
    image = vtk.vtkImageMapper()
    image.SetInputConnection(logic.GetImageDataConnection())
    image.SetColorWindow(255)
    image.SetColorLevel(127.5)
    actor = vtk.vtkActor2D()
    actor.SetMapper(image)
    actor.GetProperty().SetDisplayLocationToBackground()
    view = _view(node, _SLICE_MANAGERS, slicer.vtkMRMLSliceViewDisplayableManagerFactory, size)
    view.renderer.AddViewProp(actor)
    return _png(view)


def render_3d(*, size: tuple[int, int] = (400, 400), azimuth: float = 20.0, elevation: float = 10.0) -> bytes:
    """Models and segmentations of the scene in 3D, seen from the front, as PNG."""
    node = the_host().scene.GetFirstNodeByClass("vtkMRMLViewNode")
    view = _view(node, _VOLUME_MANAGERS, slicer.vtkMRMLThreeDViewDisplayableManagerFactory, size)
    view.renderer.SetBackground(0.75, 0.77, 0.91)
    view.renderer.SetBackground2(0.46, 0.47, 0.75)
    view.renderer.GradientBackgroundOn()
    camera = view.renderer.GetActiveCamera()
    camera.SetFocalPoint(0.0, 0.0, 0.0)
    camera.SetPosition(0.0, 500.0, 0.0)
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.Azimuth(azimuth)
    camera.Elevation(elevation)
    view.renderer.ResetCamera()
    return _png(view)


_SLICE_MANAGERS = (
    slicer.vtkMRMLSegmentationsDisplayableManager2D,
    slicer.vtkMRMLModelSliceDisplayableManager,
    slicer.vtkMRMLColorLegendDisplayableManager,
    slicer.vtkMRMLMarkupsDisplayableManager,
)
_VOLUME_MANAGERS = (
    slicer.vtkMRMLSegmentationsDisplayableManager3D,
    slicer.vtkMRMLModelDisplayableManager,
    slicer.vtkMRMLColorLegendDisplayableManager,
)


def _view(node, managers: tuple[type, ...], factory_kind: type, size: tuple[int, int]) -> SimpleNamespace:
    """A window off screen in which the displayable managers draw what `node` shows."""
    renderer, window = vtk.vtkRenderer(), _window(size)
    window.AddRenderer(renderer)
    interactor = vtk.vtkRenderWindowInteractor()
    interactor.SetRenderWindow(window)
    host = the_host()
    factory = factory_kind.GetInstance()
    factory.SetMRMLApplicationLogic(host.application_logic)
    group = slicer.vtkMRMLDisplayableManagerGroup()
    group.SetRenderer(renderer)
    for kind in managers:
        manager = kind()
        manager.SetMRMLApplicationLogic(host.application_logic)
        group.AddDisplayableManager(manager)
    group.SetMRMLDisplayableNode(node)
    for legend in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode"):
        host.scene.InvokeEvent(slicer.vtkMRMLScene.NodeAddedEvent, legend)  # its manager draws only what comes after it
    return SimpleNamespace(renderer=renderer, window=window, interactor=interactor, group=group)


def _window(size: tuple[int, int]) -> vtk.vtkRenderWindow:
    kind = getattr(vtk, "vtkEGLRenderWindow", vtk.vtkRenderWindow)
    window = kind()
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(0)
    window.SetSize(*size)
    return window


def _png(view: SimpleNamespace) -> bytes:
    view.window.Render()
    view.window.Render()  # legends take their place on the second pass
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.window)
    grab.ReadFrontBufferOff()
    writer = vtk.vtkPNGWriter()
    writer.WriteToMemoryOn()
    writer.SetInputConnection(grab.GetOutputPort())
    writer.Write()
    png = bytes(vtk.util.numpy_support.vtk_to_numpy(writer.GetResult()))
    view.group.SetMRMLDisplayableNode(None)
    view.window.Finalize()
    return png


def save(png: bytes, file: Path) -> Path:
    file.write_bytes(png)
    return file
