"""What the scene has to do around the network: lesions out of a segmentation node, and the painted map into a node."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from comparison import compare
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.lesions.painting import paint
from prognosis_slicer.scene.label_map import new_label_map
from prognosis_slicer.scene.label_map_file import open_label_map
from prognosis_slicer.scene.places import ijk_to_ras
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments
from prognosis_slicer.scene.volumes import image_geometry

_LESIONS = 40
_GEOMETRY = Geometry((512, 512, 300), (0.8, 0.8, 1.5), (-200.0, -200.0, -1000.0))
_LABEL_MAP_MB = 2 * np.prod(_GEOMETRY.size) / 1e6


def lesion_pipeline() -> list[dict[str, Any]]:
    """Forty lesions of 5 to 25 mm all over a CT of 512 x 512 x 300, in shared layers as Slicer keeps them."""
    scene, ct, segmentation = _scene()
    ids = list(segmentation.GetSegmentation().GetSegmentIDs())
    risks = np.random.default_rng(2).normal(size=_LESIONS).tolist()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        painted = paint(read_segments(segmentation, ids, _GEOMETRY).lesions, risks, _GEOMETRY).array
        write_volume(Volume(painted, _GEOMETRY), folder / "risk_labels.nrrd")

        def in_the_scene() -> slicer.vtkMRMLLabelMapVolumeNode:
            """All but painting, which the worker does."""
            chosen = read_segments(segmentation, ids, image_geometry(ct))
            write_lesions(chosen.lesions, _GEOMETRY, folder / "lesions.seg.nrrd")
            return new_label_map(scene, open_label_map(folder / "risk_labels.nrrd"))

        def ours() -> slicer.vtkMRMLLabelMapVolumeNode:
            paint(read_segments(segmentation, ids, image_geometry(ct)).lesions, risks, _GEOMETRY)
            return in_the_scene()

        def theirs() -> slicer.vtkMRMLLabelMapVolumeNode:
            labels = np.zeros(_GEOMETRY.shape, np.uint16)
            for number in np.argsort(risks):
                mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, ids[number], ct)
                labels[mask > 0] = number + 1
                _remove_displays(scene)
            node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
            slicer.util.updateVolumeFromArray(node, labels)
            return node

        for node in (in_the_scene(), theirs()):
            if not np.array_equal(_voxels(node), painted):
                raise AssertionError("the painted maps differ")
            scene.RemoveNode(node)
        extra_mb = _peak_mb(lambda: scene.RemoveNode(in_the_scene())) - _LABEL_MAP_MB
        if extra_mb >= _LABEL_MAP_MB:
            raise AssertionError(f"the scene needs {extra_mb:.0f} MB beside the painted map")
        return [
            compare(
                name="lesion_pipeline",
                work=f"{_LESIONS} lesions in {' x '.join(map(str, _GEOMETRY.size))}: segments read, .seg.nrrd written, "
                "lesions painted, label map file read into a node; without network, writing of CT and of that file",
                peer=f"an array of the whole volume for each segment (slicer-core {version('slicer-core')})",
                ours=lambda: scene.RemoveNode(ours()),
                theirs=lambda: scene.RemoveNode(theirs()),
                agreement=f"equal voxel for voxel; {max(extra_mb, 0):.0f} MB beside the painted map, which has "
                f"{_LABEL_MAP_MB:.0f} MB",
                repeats=3,
            )
        ]


def _scene() -> tuple[slicer.vtkMRMLScene, slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLSegmentationNode]:
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSegmentationsModuleLogic()
    logic.SetMRMLScene(scene)
    vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
    slicer.mrmlScene = scene
    slicer.modules = SimpleNamespace(segmentations=SimpleNamespace(logic=lambda: logic))
    ct = slicer.util.addVolumeFromArray(np.zeros(_GEOMETRY.shape, np.int16), name="CT")
    ct.SetIJKToRASMatrix(ijk_to_ras(_GEOMETRY))
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Lesions")
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    for number, (start, ball) in enumerate(_balls()):
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(*ball.shape[::-1])
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        image.SetImageToWorldMatrix(ijk_to_ras(_GEOMETRY.crop(start, ball.shape[::-1])))
        vtk_to_numpy(image.GetPointData().GetScalars())[:] = ball.ravel()
        segmentation.AddSegmentFromBinaryLabelmapRepresentation(image, f"lesion {number + 1}")
    segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)
    return scene, ct, segmentation


def _balls() -> list[tuple[tuple[int, int, int], NDArray[np.uint8]]]:
    generator = np.random.default_rng(1)
    spacing = np.array(_GEOMETRY.spacing)
    found = []
    for diameter in generator.uniform(5.0, 25.0, _LESIONS):
        reach = np.ceil(diameter / 2 / spacing).astype(int)
        k, j, i = np.indices(2 * reach[::-1] + 1) - reach[::-1].reshape(3, 1, 1, 1)
        ball = (k * spacing[2]) ** 2 + (j * spacing[1]) ** 2 + (i * spacing[0]) ** 2 <= (diameter / 2) ** 2
        start = generator.integers(0, np.array(_GEOMETRY.size) - 2 * reach - 1)
        found.append((tuple(start.tolist()), ball.astype(np.uint8)))
    return found


def _remove_displays(scene: slicer.vtkMRMLScene) -> None:
    """Those that `arrayFromSegmentBinaryLabelmap` leaves behind, each with a label map of its own."""
    while display := scene.GetFirstNodeByClass("vtkMRMLLabelMapVolumeDisplayNode"):
        scene.RemoveNode(display)


def _voxels(node: slicer.vtkMRMLLabelMapVolumeNode) -> NDArray[np.uint16]:
    return slicer.util.arrayFromVolume(node)


def _peak_mb(work: Any) -> float:
    """By how much the process grows at most while it works; Linux tells it since the mark was set anew."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kb("VmRSS")
    work()
    return (_status_kb("VmHWM") - before) * 1024 / 1e6


def _status_kb(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
