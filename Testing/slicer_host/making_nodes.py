"""Nodes made from the library's objects, LPS to RAS on the way."""

import colorsys
from collections.abc import Sequence

import numpy as np
import slicer
import vtk

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.volume import Volume
from prognosis.phantoms.lesions import LesionPhantomOptions, PhantomPatient, draw_patient

SMALL = LesionPhantomOptions(seed=3, size=(64, 56, 40), spacing=(4.0, 4.0, 5.5), median_lesions=3)


def a_small_patient(index: int = 0, options: LesionPhantomOptions = SMALL) -> PhantomPatient:
    """A chest of 64 x 56 x 40 voxels, drawn in a quarter of a second."""
    return draw_patient(options, index)


def ijk_to_ras(geometry: Geometry) -> vtk.vtkMatrix4x4:
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy((lps_to_ras @ geometry.affine).ravel())
    return matrix


def volume_node(volume: Volume, name: str = "CT") -> slicer.vtkMRMLScalarVolumeNode:
    """The volume in the scene, with a display node, where the patient is."""
    node = slicer.util.addVolumeFromArray(volume.array, name=name)
    node.SetIJKToRASMatrix(ijk_to_ras(volume.geometry))
    node.CreateDefaultDisplayNodes()
    return node


def segmentation_node(
    lesions: Sequence[LesionMask], reference: slicer.vtkMRMLScalarVolumeNode, name: str = "Lesions"
) -> slicer.vtkMRMLSegmentationNode:
    """A segment for each lesion, on the lattice of `reference`; segments that do not touch come to share a layer."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(reference)
    for lesion in lesions:
        add_segment(node, lesion)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    return node


def add_segment(node: slicer.vtkMRMLSegmentationNode, lesion: LesionMask) -> str:
    """Add a lesion as a segment of its own layer and give its segment ID."""
    k, j, i = lesion.mask.shape
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(i, j, k)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.SetImageToWorldMatrix(ijk_to_ras(lesion.geometry))
    voxels = vtk.util.numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
    voxels[:] = lesion.mask.ravel()
    color = colorsys.hsv_to_rgb((lesion.label * 0.381966) % 1.0, 0.6, 0.9)  # Slicer draws colours at random here
    return node.AddSegmentFromBinaryLabelmapRepresentation(image, lesion.name, color)


def a_ball(label: int, centre: tuple[float, float, float], radius_mm: float, geometry: Geometry) -> LesionMask:
    """A ball around a point (LPS, mm) on the lattice of an image."""
    k, j, i = np.indices(geometry.shape)
    mask = np.linalg.norm(geometry.to_patient(np.stack([i, j, k], -1)) - centre, axis=-1) <= radius_mm
    ball = cropped_lesion(label, f"ball {label}", mask, geometry)
    assert ball is not None, "no voxel centre lies in the ball"
    return ball
