"""The painted lesions as a label map node with its colours and legend."""

import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from prognosis_slicer.scene.label_map_file import LabelMapFile
from prognosis_slicer.scene.places import ijk_to_ras
from prognosis_slicer.scene.result_record import ResultRecord, Role

NAME = "risk_labels"


def new_label_map(scene: slicer.vtkMRMLScene, file: LabelMapFile) -> slicer.vtkMRMLLabelMapVolumeNode:
    """Make a node of a label map file, whole or not at all.

    Raises:
        InputError: The file cannot be read.
    """
    image = vtk.vtkImageData()
    image.SetDimensions(*file.geometry.size)
    image.AllocateScalars(vtk.VTK_UNSIGNED_SHORT, 1)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    file.read_into(voxels.reshape(file.geometry.shape))
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", NAME)
    node.SetIJKToRASMatrix(ijk_to_ras(file.geometry))
    node.SetAndObserveImageData(image)
    return node


def show_with_colours(record: ResultRecord) -> None:
    """Give the label map the colours of the lesions."""
    labels, colours = record.find(Role.LABELS), record.find(Role.COLOURS)
    labels.CreateDefaultDisplayNodes()
    labels.GetDisplayNode().SetAndObserveColorNodeID(colours.GetID())


def new_colours(scene: slicer.vtkMRMLScene, name: str) -> slicer.vtkMRMLColorTableNode:
    colours = scene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    colours.SetTypeToUser()
    colours.SetAttribute("Category", "Prognosis")
    return colours
