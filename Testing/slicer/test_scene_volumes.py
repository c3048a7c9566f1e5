"""The CT of the scene reaches the worker with the same voxels at the same places of the patient."""

import numpy as np
import pytest
import slicer
import vtk
from slicer_host.making_nodes import ijk_to_ras, volume_node

from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis_slicer.scene.volumes import image_geometry, image_of, write_image

_OBLIQUE = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
_TILT = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]])
DIRECTIONS = {
    "axial": np.eye(3),
    "flipped": np.diag([-1.0, -1.0, 1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "sagittal": np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]),
    "oblique": _OBLIQUE @ _TILT,
    "oblique and flipped": _OBLIQUE @ _TILT @ np.diag([1.0, -1.0, 1.0]),
}


def _geometry(direction: np.ndarray) -> Geometry:
    return Geometry((7, 6, 5), (0.7, 0.8, 2.5), (-31.5, 12.25, 403.0), tuple(direction.ravel()))


def _image(direction: np.ndarray, dtype: type = np.int16) -> Volume:
    array = np.random.default_rng(4).integers(-1000, 2000, (5, 6, 7)).astype(dtype)
    return Volume(array, _geometry(direction))


def _transform(scene, matrix: np.ndarray) -> slicer.vtkMRMLLinearTransformNode:
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    return node


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_the_library_reads_the_written_ct_at_the_same_points(scene, tmp_path, direction):
    image = _image(direction)
    write_image(volume_node(image), tmp_path / "ct.nrrd")
    read = read_volume(tmp_path / "ct.nrrd")
    np.testing.assert_array_equal(read.array, image.array)
    np.testing.assert_allclose(read.geometry.affine, image.geometry.affine, atol=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_the_scene_and_the_library_find_a_files_voxels_at_the_same_points(host, tmp_path, direction):
    image = _image(direction)
    write_volume(image, tmp_path / "ct.nrrd")
    node = slicer.util.loadVolume(str(tmp_path / "ct.nrrd"), {"show": False})
    read, shown = read_volume(tmp_path / "ct.nrrd"), image_of(node)
    every = np.stack(np.meshgrid(range(7), range(6), range(5), indexing="ij"), axis=-1).reshape(-1, 3)
    places = shown.geometry.to_index(read.geometry.to_patient(every))
    np.testing.assert_allclose(places, np.rint(places), atol=1e-3)
    i, j, k = np.rint(places).astype(int).T
    np.testing.assert_array_equal(shown.array[k, j, i], read.array[every[:, 2], every[:, 1], every[:, 0]])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_every_kind_of_voxel_is_written(scene, tmp_path, dtype):
    image = _image(np.eye(3))
    image = Volume((image.array // 16).astype(dtype), image.geometry)
    write_image(volume_node(image), tmp_path / "ct.nrrd")
    read = read_volume(tmp_path / "ct.nrrd")
    assert read.array.dtype == dtype
    np.testing.assert_array_equal(read.array, image.array)


def test_a_linear_transform_moves_what_is_written_and_not_the_node(scene, tmp_path):
    image = _image(DIRECTIONS["oblique"])
    node = volume_node(image)
    turned = np.eye(4)
    turned[:3, :3] = _TILT
    turned[:3, 3] = (10.0, -20.0, 30.0)
    outer, inner = _transform(scene, turned), _transform(scene, np.diag([1.0, 1.0, -1.0, 1.0]))
    inner.SetAndObserveTransformNodeID(outer.GetID())
    node.SetAndObserveTransformNodeID(inner.GetID())
    written = write_image(node, tmp_path / "ct.nrrd")

    read = read_volume(tmp_path / "ct.nrrd")
    own = slicer.util.arrayFromVTKMatrix(ijk_to_ras(image.geometry))
    in_ras = turned @ np.diag([1.0, 1.0, -1.0, 1.0]) @ own @ (3.0, 2.0, 1.0, 1.0)
    np.testing.assert_allclose(read.geometry.to_patient((3, 2, 1)), in_ras[:3] * (-1, -1, 1), atol=1e-9)
    assert any("transform 'moved'" in note for note in written.notes)
    assert node.GetParentTransformNode() is inner
    node.SetAndObserveTransformNodeID(None)
    np.testing.assert_allclose(image_geometry(node).affine, image.geometry.affine, atol=1e-9)


def test_a_transform_that_bends_is_refused(scene):
    node = volume_node(_image(np.eye(3)))
    bending = scene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    spline = vtk.vtkThinPlateSplineTransform()
    points, moved = vtk.vtkPoints(), vtk.vtkPoints()
    for place in ((0, 0, 0), (10, 0, 0), (0, 10, 0), (0, 0, 10), (5, 5, 5)):
        points.InsertNextPoint(place)
        moved.InsertNextPoint(place[0] + place[1] ** 2 / 10, place[1], place[2])
    spline.SetSourceLandmarks(points)
    spline.SetTargetLandmarks(moved)
    spline.SetBasisToR()
    bending.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(bending.GetID())
    with pytest.raises(InputError, match="'bent'"):
        image_of(node)


def test_a_transform_that_shears_is_refused(scene):
    node = volume_node(_image(np.eye(3)))
    sheared = np.eye(4)
    sheared[0, 1] = 0.2
    node.SetAndObserveTransformNodeID(_transform(scene, sheared).GetID())
    with pytest.raises(InputError, match="right angles"):
        image_of(node)


def _label_map(scene):
    return scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")


def _vector(scene):
    array = np.zeros((4, 4, 4, 3))
    return slicer.util.addVolumeFromArray(array, name="colours", nodeClassName="vtkMRMLVectorVolumeNode")


def _components_in_a_scalar_volume(scene):
    image = vtk.vtkImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "rgb")
    node.SetAndObserveImageData(image)
    return node


def _empty(scene):
    return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")


def _flat(scene):
    return slicer.util.addVolumeFromArray(np.zeros((1, 4, 4)), name="flat")


def _not_a_number(scene):
    array = np.zeros((4, 4, 4), np.float32)
    array[1, 2, 3] = np.nan
    return slicer.util.addVolumeFromArray(array, name="nan")


def _constant(scene):
    return slicer.util.addVolumeFromArray(np.full((4, 4, 4), -7, np.int16), name="constant")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_label_map, "'labels' is a label map"),
        (_vector, "'colours' holds several values a voxel"),
        (_components_in_a_scalar_volume, "'rgb' holds several values a voxel"),
        (_empty, "'empty' holds no voxels"),
        (_flat, "'flat' is flat"),
        (_not_a_number, "'nan' holds voxels that are NaN"),
        (_constant, "All voxels of 'constant' are -7"),
        (lambda _: None, "No image is chosen"),
        (lambda scene: scene.AddNewNodeByClass("vtkMRMLModelNode", "skin"), "'skin' is no image"),
    ],
)
def test_what_is_no_ct_is_refused(scene, make, words):
    with pytest.raises(InputError, match=words):
        image_of(make(scene))


def test_a_phantom_loaded_from_its_file_stays_marked(host, a_patient, tmp_path):
    write_volume(a_patient.image, tmp_path / "phantom.nrrd")
    node = slicer.util.loadVolume(str(tmp_path / "phantom.nrrd"), {"show": False})
    write_image(node, tmp_path / "ct.nrrd")
    read = read_volume(tmp_path / "ct.nrrd")
    assert (read.phantom, read.modality) == (a_patient.image.phantom, "CT")
    slicer.util.arrayFromVolume(node)[:] += 1
    slicer.util.arrayFromVolumeModified(node)
    assert image_of(node).phantom is None


def test_the_modality_that_dicom_told_is_passed_on(scene, a_ct_node, tmp_path):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(a_ct_node), "DICOM.Modality", "PT")
    write_image(a_ct_node, tmp_path / "ct.nrrd")
    assert read_volume(tmp_path / "ct.nrrd").modality == "PT"


def test_a_sequences_replacing_node_is_an_image(scene, tmp_path):
    sequences = slicer.vtkSlicerSequencesLogic()
    sequences.SetMRMLScene(scene)
    frames = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "4D")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "browser")
    for number, direction in enumerate(("axial", "oblique")):
        frame = volume_node(_image(DIRECTIONS[direction]), f"frame {number}")
        frames.SetDataNodeAtValue(frame, str(number))
        scene.RemoveNode(frame)
    browser.SetAndObserveMasterSequenceNodeID(frames.GetID())
    browser.SetSelectedItemNumber(1)
    sequences.UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(frames)
    write_image(proxy, tmp_path / "ct.nrrd")
    read = read_volume(tmp_path / "ct.nrrd")
    np.testing.assert_allclose(read.geometry.affine, _geometry(DIRECTIONS["oblique"]).affine, atol=1e-6)


def test_a_folder_that_is_gone_is_said(a_ct_node, tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_image(a_ct_node, tmp_path / "gone" / "ct.nrrd")
