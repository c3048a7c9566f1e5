"""Segments of the scene reach the library as small masks at the right place of the patient, under the right label."""

import tracemalloc

import numpy as np
import pytest
import slicer
import vtk
from slicer_host.making_nodes import add_segment, ijk_to_ras, segmentation_node, volume_node

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.lesion_readers import read_lesions, read_organs
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import image_geometry, write_image

_TURN = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
    [[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]]
)
DIRECTIONS = {
    "axial": np.eye(3),
    "flipped": np.diag([-1.0, -1.0, 1.0]),
    "left-handed": np.diag([1.0, 1.0, -1.0]),
    "oblique": _TURN,
    "oblique and flipped": _TURN @ np.diag([1.0, -1.0, 1.0]),
}


def _geometry(direction: np.ndarray) -> Geometry:
    return Geometry((40, 36, 30), (1.2, 1.1, 2.0), (-31.5, 12.25, 403.0), tuple(direction.ravel()))


def _ct(geometry: Geometry) -> slicer.vtkMRMLScalarVolumeNode:
    array = np.random.default_rng(1).integers(-1000, 500, geometry.shape).astype(np.int16)
    return volume_node(Volume(array, geometry))


def _ball(label: int, name: str, geometry: Geometry, at: tuple[int, int, int], radius_mm: float) -> LesionMask:
    k, j, i = np.indices(geometry.shape)
    apart = geometry.to_patient(np.stack([i, j, k], axis=-1)) - geometry.to_patient(at)
    lesion = cropped_lesion(label, name, np.linalg.norm(apart, axis=-1) <= radius_mm, geometry)
    assert lesion is not None
    return lesion


def _lesions(geometry: Geometry) -> list[LesionMask]:
    return [
        _ball(1, "Tumour", geometry, (10, 9, 8), 5.0),
        _ball(2, "node A", geometry, (28, 26, 22), 4.0),
        _ball(3, "node B", geometry, (29, 10, 15), 6.0),
    ]


def _read_back(lesions, ct, folder, choice=ALL_LESIONS):
    write_image(ct, folder / "ct.nrrd")
    write_lesions(lesions, image_geometry(ct), folder / "lesions.seg.nrrd")
    image = read_volume(folder / "ct.nrrd")
    return read_lesions(folder / "lesions.seg.nrrd", image, choice), image


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_masks_arrive_at_their_place(scene, tmp_path, direction):
    geometry = _geometry(direction)
    ct, lesions = _ct(geometry), _lesions(geometry)
    node = segmentation_node(lesions, ct)
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    read, image = _read_back(chosen.lesions, ct, tmp_path)
    assert [lesion.label for lesion in read.lesions] == [1, 2, 3]
    for found, drawn in zip(read.lesions, lesions, strict=True):
        assert found.name == drawn.name
        np.testing.assert_allclose(found.centroid, drawn.centroid, atol=1e-3)
        np.testing.assert_array_equal(found.mask, drawn.mask)
        assert image.geometry.lattice_map_from(found.geometry) is not None


def test_the_order_of_choice_gives_the_labels(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct, lesions = _ct(geometry), _lesions(geometry)
    node = segmentation_node(lesions, ct)
    first, _, third = segment_names(node)
    chosen = read_segments(node, [third, first], image_geometry(ct))
    assert chosen.segment_ids == chosen.owners() == (third, first)
    read, _ = _read_back(chosen.lesions, ct, tmp_path)
    assert [lesion.name for lesion in read.lesions] == ["node B", "Tumour"]


@pytest.mark.parametrize("scaled", [False, True], ids=["rigid", "scaled"])
def test_a_linear_transform_moves_the_masks_and_not_the_node(scene, tmp_path, scaled):
    geometry = _geometry(DIRECTIONS["oblique"])
    ct = _ct(geometry)
    node = segmentation_node(_lesions(geometry), ct)
    matrix = np.eye(4)
    matrix[:3, :3] = _TURN.T if not scaled else 1.5 * np.eye(3)
    matrix[:3, 3] = (1.0, 2.0, 3.0)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    for found, drawn in zip(chosen.lesions, _lesions(geometry), strict=True):
        in_ras = matrix @ np.append(drawn.centroid * (-1, -1, 1), 1.0)
        np.testing.assert_allclose(found.centroid * (-1, -1, 1), in_ras[:3], atol=1e-3)
        assert found.volume_mm3 == pytest.approx(drawn.volume_mm3 * (1.5**3 if scaled else 1.0))
    assert any("transform 'moved'" in note for note in chosen.notes)
    assert node.GetParentTransformNode() is transform


def test_a_transform_that_bends_is_refused(scene, a_ct_node, a_segmentation_node):
    bending = scene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    grid = slicer.vtkOrientedGridTransform()
    bending.SetAndObserveTransformToParent(grid)
    a_segmentation_node.SetAndObserveTransformNodeID(bending.GetID())
    with pytest.raises(InputError, match="'bent'"):
        read_segments(a_segmentation_node, list(segment_names(a_segmentation_node)), image_geometry(a_ct_node))


def _surface(node, name: str, centre_ras, radius_mm: float) -> str:
    sphere = vtk.vtkSphereSource()
    sphere.SetCenter(*centre_ras)
    sphere.SetRadius(radius_mm)
    sphere.SetThetaResolution(40)
    sphere.SetPhiResolution(40)
    sphere.Update()
    return node.AddSegmentFromClosedSurfaceRepresentation(sphere.GetOutput(), name, (1, 0, 0))


@pytest.mark.parametrize("moved", [False, True], ids=["as drawn", "under a transform"])
def test_surfaces_are_drawn_on_the_cts_lattice(scene, moved):
    geometry = _geometry(DIRECTIONS["oblique and flipped"])
    ct = _ct(geometry)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "contours")
    node.CreateDefaultDisplayNodes()
    node.SetSourceRepresentationToClosedSurface()
    centres = [geometry.to_patient(at) * (-1, -1, 1) for at in ((10, 9, 8), (28, 26, 22))]
    shift = np.array([3.0, -4.0, 5.0]) if moved else np.zeros(3)
    ids = [_surface(node, f"S{n}", centre - shift, 8.0) for n, centre in enumerate(centres)]
    if moved:
        matrix = np.eye(4)
        matrix[:3, 3] = shift
        transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        node.SetAndObserveTransformNodeID(transform.GetID())
    chosen = read_segments(node, ids, image_geometry(ct))
    for lesion, centre in zip(chosen.lesions, centres, strict=True):
        assert geometry.lattice_map_from(lesion.geometry) is not None
        np.testing.assert_allclose(lesion.centroid * (-1, -1, 1), centre, atol=0.3)
        assert lesion.volume_mm3 == pytest.approx(4 / 3 * np.pi * 8.0**3, rel=0.05)
    names = slicer.vtkSegmentationConverter
    assert not node.GetSegmentation().ContainsRepresentation(names.GetBinaryLabelmapRepresentationName())


def test_a_lattice_of_its_own_is_kept(scene, tmp_path):
    ct = _ct(_geometry(np.eye(3)))
    fine = Geometry((60, 50, 40), (0.6, 0.6, 0.9), (-28.0, 16.0, 410.0))
    drawn = _ball(1, "fine", fine, (30, 25, 20), 6.0)
    node = segmentation_node([drawn], ct)
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    read, _ = _read_back(chosen.lesions, ct, tmp_path)
    assert fine.lattice_map_from(read.lesions[0].geometry) is not None
    np.testing.assert_allclose(read.lesions[0].centroid, drawn.centroid, atol=1e-3)


def test_two_lattices_meet_on_the_cts(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct = _ct(geometry)
    fine = Geometry((60, 50, 40), (0.6, 0.6, 0.9), (-28.0, 16.0, 410.0))
    lesions = [_ball(1, "coarse", geometry, (25, 26, 22), 6.0), _ball(2, "fine", fine, (30, 25, 20), 6.0)]
    read, image = _read_back(lesions, ct, tmp_path)
    for found, drawn in zip(read.lesions, lesions, strict=True):
        assert image.geometry.lattice_map_from(found.geometry) is not None
        np.testing.assert_allclose(found.centroid, drawn.centroid, atol=0.6)


def test_overlapping_segments_keep_all_their_voxels(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct = _ct(geometry)
    lesions = [_ball(n + 1, f"L{n}", geometry, (15 + 2 * n, 15, 15), 6.0) for n in range(3)]
    node = segmentation_node(lesions, ct)
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    read, _ = _read_back(chosen.lesions, ct, tmp_path)
    for found, drawn in zip(read.lesions, lesions, strict=True):
        np.testing.assert_array_equal(found.mask, drawn.mask)


def test_the_scene_opens_what_was_written(host, scene, tmp_path):
    geometry = _geometry(DIRECTIONS["oblique"])
    lesions = [_ball(n + 1, f"L{n}", geometry, (15 + 2 * n, 15, 15), 6.0) for n in range(3)]
    write_lesions(lesions, geometry, tmp_path / "lesions.seg.nrrd")
    node = slicer.util.loadSegmentation(str(tmp_path / "lesions.seg.nrrd"))
    chosen = read_segments(node, list(segment_names(node)), geometry)
    for found, drawn in zip(chosen.lesions, lesions, strict=True):
        assert found.name == drawn.name
        np.testing.assert_allclose(found.centroid, drawn.centroid, atol=1e-3)


def test_an_empty_segment_is_named_and_left_out(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct, lesions = _ct(geometry), _lesions(geometry)
    node = segmentation_node(lesions, ct)
    empty = node.GetSegmentation().AddEmptySegment("", "nothing yet")
    first, _, third, _ = segment_names(node)
    chosen = read_segments(node, [first, empty, third], image_geometry(ct))
    assert chosen.segment_ids == (first, third)
    assert [lesion.label for lesion in chosen.lesions] == [1, 2]
    assert chosen.notes == ("segment 'nothing yet' is empty and left out",)
    with pytest.raises(InputError, match="Every chosen segment is empty: nothing yet"):
        read_segments(node, [empty], image_geometry(ct))


def test_islands_go_back_to_their_segments(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct = _ct(geometry)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Lesions")
    two = np.zeros(geometry.shape, bool)
    two[5:8, 5:9, 5:9] = two[20:24, 20:24, 20:24] = two[28, 30, 30] = True
    islands = cropped_lesion(1, "all", two, geometry)
    one = _ball(2, "all", geometry, (28, 10, 15), 5.0)
    ids = [add_segment(node, lesion) for lesion in (islands, one)]
    chosen = read_segments(node, ids, image_geometry(ct))
    choice = LesionChoice(split_components=True, min_volume_mm3=10.0)
    read, _ = _read_back(chosen.lesions, ct, tmp_path, choice)
    owners = chosen.owners(split_components=True, min_volume_mm3=10.0)
    assert owners == (ids[0], ids[0], ids[1])
    assert [lesion.name for lesion in read.lesions] == ["all island 1", "all island 2", "all"]


def test_odd_names_are_kept_as_the_library_shows_them(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct = _ct(geometry)
    names = ["Läsion\n 1", "=HYPERLINK()", "a:=b", "tail\\"]
    lesions = [_ball(n + 1, name, geometry, (8 + 6 * n, 15, 15), 3.0) for n, name in enumerate(names)]
    node = segmentation_node(lesions, ct)
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    read, _ = _read_back(chosen.lesions, ct, tmp_path)
    assert [lesion.name for lesion in read.lesions] == [lesion.name for lesion in chosen.lesions]
    assert [lesion.name for lesion in chosen.lesions][:2] == ["Läsion 1", "=HYPERLINK()"]


def test_organs_go_the_same_way(scene, tmp_path):
    geometry = _geometry(np.eye(3))
    ct = _ct(geometry)
    node = segmentation_node([_ball(1, "liver", geometry, (20, 18, 15), 15.0)], ct)
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    write_image(ct, tmp_path / "ct.nrrd")
    write_lesions(chosen.lesions, image_geometry(ct), tmp_path / "organs.seg.nrrd")
    (organ,) = read_organs(tmp_path / "organs.seg.nrrd", read_volume(tmp_path / "ct.nrrd"))
    assert organ.name == "liver"


@pytest.mark.parametrize(
    ("ids", "words"),
    [([], "No segment of 'Lesions' is chosen"), (["gone"], "has lost 1 chosen"), (["twice"], "chosen twice")],
    ids=["none", "a deleted one", "one twice"],
)
def test_a_choice_that_cannot_be_is_refused(a_ct_node, a_segmentation_node, ids, words):
    first = next(iter(segment_names(a_segmentation_node)))
    with pytest.raises(InputError, match=words):
        read_segments(a_segmentation_node, [first, first] if ids == ["twice"] else ids, image_geometry(a_ct_node))


def test_no_segmentation_is_refused(a_ct_node):
    with pytest.raises(InputError, match="No segmentation is chosen"):
        read_segments(None, ["a"], image_geometry(a_ct_node))


def test_no_full_array_is_made_for_a_lesion(scene, tmp_path):
    geometry = Geometry((256, 256, 100), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    ct = slicer.util.addVolumeFromArray(np.arange(np.prod(geometry.shape), dtype=np.int16).reshape(geometry.shape))
    ct.SetIJKToRASMatrix(ijk_to_ras(geometry))
    spots = [(20 + 40 * n, 20 + 40 * n, 10 + 15 * n) for n in range(6)]
    lesions = []
    for label, (i, j, k) in enumerate(spots, start=1):
        box = geometry.crop((i, j, k), (9, 9, 9))
        lesions.append(LesionMask(label, f"L{label}", np.ones((9, 9, 9), bool), box))
    node = segmentation_node(lesions, ct)
    tracemalloc.start()
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    write_lesions(chosen.lesions, image_geometry(ct), tmp_path / "lesions.seg.nrrd")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [lesion.label for lesion in chosen.lesions] == list(range(1, 7))
    assert peak < np.prod(geometry.shape) / 2
