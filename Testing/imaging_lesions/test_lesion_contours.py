"""RTSTRUCT contours as they come: holes, keyholes, duplicates, open, tilted, sparse, on other slices."""

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_lesion_files import a_ct, rectangle, write_rtstruct

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.placing import place_on
from prognosis.imaging.segmentation.rasterise import box_of_contours, enclosed_area, fill_contours, polygon_area


def box_contours(geometry: Geometry, slices, low=(3.5, 4.5), high=(12.5, 14.5)):
    return [rectangle(geometry, low, high, k) for k in slices]


def read_one(path, image):
    (lesion,) = read_lesions(path, image).lesions
    return lesion


def test_voxels_whose_centre_lies_inside_belong(image, geometry, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, range(3, 7))})
    read = read_lesions(path, image)
    placed = place_on(read.lesions[0], geometry)
    assert placed.start == (4, 5, 3)
    assert placed.mask.shape == (4, 10, 9)
    assert placed.mask.all()
    assert read.lesions[0].notes == ()
    assert read.frame_of_reference_uid == image.frame_of_reference_uid
    assert read.referenced_series_uid == image.series_uid


def test_centres_on_the_contour_belong_on_one_side_only(image, geometry, tmp_path):
    halves = {
        "left": [rectangle(geometry, (4, 4), (8, 12), 5)],
        "right": [rectangle(geometry, (8, 4), (12, 12), 5)],
    }
    left, right = read_lesions(write_rtstruct(tmp_path / "r.dcm", halves), image).lesions
    assert (left.mask.sum(), right.mask.sum()) == (32, 32)


def test_a_hole_is_left_out(image, geometry, tmp_path):
    contours = box_contours(geometry, (4, 5)) + box_contours(geometry, (4, 5), (5.5, 6.5), (9.5, 10.5))
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)
    assert lesion.mask.sum() == 2 * (90 - 16)
    assert lesion.notes == ()


def test_a_keyhole_contour_gives_the_same_voxels_as_a_hole(image, geometry, tmp_path):
    outer = [(3.5, 4.5), (12.5, 4.5), (12.5, 14.5), (3.5, 14.5), (3.5, 8.0)]
    inner = [(5.5, 8.0), (5.5, 10.5), (9.5, 10.5), (9.5, 6.5), (5.5, 6.5), (5.5, 8.0), (3.5, 8.0)]
    keyhole = [geometry.to_patient([(i, j, k) for i, j in outer + inner]) for k in (4, 5)]
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": keyhole}), image)
    assert lesion.mask.sum() == 2 * (90 - 16)
    assert lesion.notes == ()


def test_contours_a_hair_apart_belong_to_one_slice(image, geometry, tmp_path):
    contours = [rectangle(geometry, (3.5, 4.5), (12.5, 14.5), k) for k in (4.03, 4.98, 6.0)]
    contours.append(rectangle(geometry, (5.5, 6.5), (9.5, 10.5), 3.97))
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)
    assert lesion.mask.sum() == 3 * 90 - 16
    assert lesion.notes == ()


def test_several_contours_of_a_slice_are_several_parts(image, geometry, tmp_path):
    contours = box_contours(geometry, (4,)) + box_contours(geometry, (4,), (15.5, 4.5), (18.5, 6.5))
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": contours})
    assert read_one(path, image).mask.sum() == 90 + 6
    parts = read_lesions(path, image, LesionChoice(split_components=True)).lesions
    assert [part.name for part in parts] == ["GTV island 1", "GTV island 2"]


@pytest.mark.parametrize("kind", ["same", "other start", "backwards"])
def test_a_contour_given_twice_counts_once(kind, image, geometry, tmp_path):
    contours = box_contours(geometry, (4, 5))
    again = {"same": contours[0], "other start": np.roll(contours[0], 1, axis=0), "backwards": contours[0][::-1]}[kind]
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": [*contours, again]}), image)
    assert lesion.mask.sum() == 180
    assert lesion.notes == ("1 duplicate contour(s) left out",)


def test_crossing_contours_are_said_to_cross(image, geometry, tmp_path):
    contours = [rectangle(geometry, (3.5, 4.5), (12.5, 14.5), 4), rectangle(geometry, (9.5, 10.5), (15.5, 18.5), 4)]
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)
    assert "contours of one slice cross or retrace each other" in lesion.notes[0]


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "POINT", "OPEN_NONPLANAR"])
def test_open_contours_are_left_out_and_said(kind, image, geometry, tmp_path):
    contours = box_contours(geometry, (4, 5))
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": contours})
    dataset = pydicom.dcmread(path)
    dataset.ROIContourSequence[0].ContourSequence[1].ContourGeometricType = kind
    dataset.save_as(path)
    lesion = read_one(path, image)
    assert lesion.mask.sum() == 90
    assert lesion.notes == ("1 open or point contour(s) left out",)
    only = read_lesions(write_rtstruct(tmp_path / "o.dcm", {"GTV": contours}, kinds={"GTV": kind}), image)
    assert only.lesions == ()
    assert only.notes[0] == "'GTV' has no closed contour and is left out"


def test_a_contour_across_slices_is_left_out_and_said(image, geometry, tmp_path):
    flat = box_contours(geometry, (4, 5, 6))
    tilted = geometry.to_patient([(3, 4, 2), (12, 4, 2), (12, 14, 9), (3, 14, 9)])
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": [*flat, tilted]}), image)
    assert lesion.mask.sum() == 270
    assert lesion.notes == ("1 contour(s) across several slices left out",)


def test_contours_of_an_oblique_plan_are_refused(image, tmp_path):
    tilted = [image.geometry.to_patient([(3, 4, k), (12, 4, k), (12, 14, k + 7), (3, 14, k + 7)]) for k in (2, 3, 4)]
    turned = [points[:, [1, 2, 0]] + points for points in tilted]
    with pytest.raises(InputError, match="'GTV' do not lie in slices of the image"):
        read_lesions(write_rtstruct(tmp_path / "r.dcm", {"GTV": turned}), image)


def test_missing_slices_are_counted(image, geometry, tmp_path):
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (2, 3, 4, 7, 8))}), image)
    assert lesion.mask.sum() == 5 * 90
    assert lesion.notes[0] == "its contours skip 2 slice(s)"


def test_contours_of_thicker_slices_fill_the_space_between(tmp_path):
    drawn_on = Geometry((30, 30, 10), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))
    image = a_ct(Geometry((30, 30, 30), (1.0, 1.0, 1.0), (0.0, 0.0, -1.0)))
    regions = {"GTV": box_contours(drawn_on, (3, 4, 5, 6)), "short": box_contours(drawn_on, (8,))}
    lesion, short = read_lesions(write_rtstruct(tmp_path / "r.dcm", regions), image).lesions
    assert "taken as a slab" in lesion.notes[0]
    for read, slices in ((lesion, 12), (short, 3)):
        assert read.volume_mm3 == pytest.approx(90 * slices)
        assert place_on(read, image.geometry).mask.sum() == 90 * slices


def test_contours_of_thinner_slices_keep_their_volume(tmp_path):
    drawn_on = Geometry((30, 30, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.4))
    image = a_ct(Geometry((30, 30, 10), (1.0, 1.0, 4.0), (0.0, 0.0, 0.0)))
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(drawn_on, range(8, 25))}), image)
    assert lesion.volume_mm3 == pytest.approx(90 * 17)
    assert place_on(lesion, image.geometry).mask.sum() * 4 == pytest.approx(90 * 17, abs=90 * 4)


def test_sparse_planes_are_slices_of_the_image_not_thick_slabs(image, geometry, tmp_path):
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (2, 7, 12))}), image)
    assert lesion.volume_mm3 == pytest.approx(270 * geometry.voxel_volume_mm3)


def test_unevenly_spaced_planes_off_the_slices_are_refused(image, geometry, tmp_path):
    contours = box_contours(geometry, (2.0, 2.45, 3.1, 4.6, 5.35))
    with pytest.raises(InputError, match="'GTV' are unevenly spaced"):
        read_lesions(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)


def test_a_tiny_region_whose_voxels_disagree_with_its_contours_is_flagged(image, geometry, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (4, 5), (3.9, 3.9), (5.1, 5.1))})
    lesion = read_one(path, image)
    assert lesion.notes[-1] == "its voxels fill 45 mm3, its contours enclose 16 mm3"


def test_a_region_between_voxel_centres_is_left_out_and_said(image, geometry, tmp_path):
    regions = {"dot": box_contours(geometry, (4,), (3.2, 3.2), (3.8, 3.8)), "GTV": box_contours(geometry, (4,))}
    read = read_lesions(write_rtstruct(tmp_path / "r.dcm", regions), image)
    assert [(lesion.label, lesion.name) for lesion in read.lesions] == [(1, "GTV")]
    assert read.notes == ("'dot' encloses no voxel centre of the image and is left out",)


def test_regions_of_two_frames_of_reference_are_refused(image, geometry, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": box_contours(geometry, (4,)), "b": box_contours(geometry, (5,))})
    dataset = pydicom.dcmread(path)
    dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "1.2.3"
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"2 frames of reference: 1\.2\.3, "):
        read_lesions(path, image)
    assert [lesion.name for lesion in read_lesions(path, image, LesionChoice(names=("a",))).lesions] == ["a"]


@pytest.mark.parametrize("numbers", [b"1,5\\2,5\\3,5", b"1\\2\\3\\4 ", b"1\\nan\\3 ", b"1\\\\3 "], ids=str)
def test_contour_data_that_is_no_list_of_points_is_refused(numbers, image, geometry, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": [geometry.to_patient([(1, 1, 1)])]})
    content = path.read_bytes()
    tag = b"\x06\x30\x50\x00DS"
    at = content.index(tag)
    old_length = int.from_bytes(content[at + 6 : at + 8], "little")
    numbers = numbers.ljust(old_length)
    path.write_bytes(content[: at + 8] + numbers + content[at + 8 + old_length :])
    with pytest.raises(InputError, match=r"Contour Data \(3006,0050\) of region 'GTV' is no list of points"):
        read_lesions(path, image)


def test_absurd_contours_are_refused_before_memory_is_taken(image, geometry, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (4,), (0.0, 0.0), (1e5, 1e5))})
    with pytest.raises(InputError, match="more than can be read"):
        read_lesions(path, image)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=9), st.floats(0.0, 1.0))
def test_filling_agrees_with_asking_every_centre(corners, shift):
    polygon = np.round(np.array(corners) + shift, 6)
    start, size = box_of_contours([polygon], np.array([2]))
    filled = fill_contours([polygon], np.array([2]), start, size)[0]
    tails, heads = polygon, np.roll(polygon, -1, axis=0)
    for v in range(size[1]):
        for u in range(size[0]):
            x, y = u + start[0], v + start[1]
            left = 0
            for (ax, ay), (bx, by) in zip(tails, heads, strict=True):
                if min(ay, by) <= y < max(ay, by):
                    left += np.ceil(ax + (y - ay) / (by - ay) * (bx - ax)) <= x
            assert filled[v, u] == (left % 2 == 1)


def test_a_large_polygon_fills_its_area():
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.stack([40.3 * np.cos(angles), 31.7 * np.sin(angles)], axis=1)
    hole = circle * 0.5
    start, size = box_of_contours([circle, hole], np.array([0, 0]))
    filled = fill_contours([circle, hole], np.array([0, 0]), start, size)
    area = enclosed_area([circle, hole])
    assert area == pytest.approx(0.75 * polygon_area(circle))
    assert polygon_area(circle) == pytest.approx(np.pi * 40.3 * 31.7, rel=1e-3)
    assert filled.sum() == pytest.approx(area, rel=5e-3)


def circle(geometry: Geometry, k: float, radius: float = 6.0, points: int = 60):
    """A circle of voxels around (14, 12), its slice as an index."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return geometry.to_patient([(14 + radius * np.cos(a), 12 + radius * np.sin(a), k) for a in angles])


@pytest.mark.parametrize("copy", ["two micrometres off", "twice the points"])
def test_a_contour_drawn_again_nearly_the_same_counts_once(copy, image, geometry, tmp_path):
    contours = [circle(geometry, k) for k in (4, 5)]
    again = [c + 0.002 if copy == "two micrometres off" else circle(geometry, k, points=120)
             for c, k in zip(contours, (4, 5), strict=True)]  # fmt: skip
    once = read_one(write_rtstruct(tmp_path / "once.dcm", {"GTV": contours}), image)
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours + again}), image)
    np.testing.assert_array_equal(lesion.mask, once.mask)
    assert lesion.notes == ("2 duplicate contour(s) left out",)


def test_the_wall_of_a_thin_shell_is_no_copy(image, geometry, tmp_path):
    contours = [circle(geometry, 4, radius=11.0), circle(geometry, 4, radius=10.0)]
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)
    assert lesion.mask.sum() == pytest.approx(np.pi * 21, rel=0.1)


def test_contours_that_cancel_each_other_are_refused(image, geometry, tmp_path):
    contours = [circle(geometry, k, radius) for k in (4, 5) for radius in (11.15, 10.98)]
    with pytest.raises(InputError, match=r"'GTV' cancel each other: of 7\d\d voxels inside the largest, \d+ are left"):
        read_lesions(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)


def test_no_volume_is_given_for_contours_that_cross(image, geometry, tmp_path):
    right = geometry.to_patient([5, 0, 0]) - geometry.origin
    contours = [circle(geometry, k) + shift for k in (4, 5) for shift in (0, right)]
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": contours}), image)
    assert "what two of them share is left out" in lesion.notes[0]
    assert not any("mm3" in note for note in lesion.notes)


@pytest.mark.parametrize("rough", ["whole mm", "to and fro"])
def test_contours_written_roughly_are_taken_to_their_slices(rough, tmp_path):
    geometry = Geometry((30, 26, 24), (1.5, 1.25, 1.25), (-20.0, 12.5, -340.0))
    contours = [circle(geometry, k) for k in range(4, 14)]
    single = box_contours(geometry, (6,))
    for at, points in enumerate(contours):
        points[:, 2] = np.rint(points[:, 2]) if rough == "whole mm" else points[:, 2] + 0.26 * 1.25 * (-1) ** at
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": contours, "single": single})
    lesion, one = read_lesions(path, a_ct(geometry)).lesions
    assert one.volume_mm3 == pytest.approx(90 * geometry.voxel_volume_mm3)
    assert lesion.volume_mm3 == pytest.approx(np.pi * 36 * 10 * geometry.voxel_volume_mm3, rel=0.05)
    assert lesion.geometry.to_patient([0, 0, 0])[2] == pytest.approx(-335.0)
    (note,) = lesion.notes
    assert note.startswith(f"its contours lie up to {0.4 if rough == 'whole mm' else 0.26:.2f} slices off")


def test_evenly_spaced_planes_between_slices_stay_where_they_are(image, geometry, tmp_path):
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (3.3, 4.3, 6.3))}), image)
    assert lesion.geometry.origin[2] == pytest.approx(geometry.to_patient([0, 0, 3.3])[2])
    assert lesion.notes[0] == "its contours skip 1 slice(s)"


@pytest.mark.parametrize(("at", "slices"), [(5, 1), (4, 2)], ids=["beside the others' planes", "on one of them"])
def test_a_single_plane_is_a_slice_unless_it_lies_among_thicker_ones(at, slices, image, geometry, tmp_path):
    regions = {"one": box_contours(geometry, (at,)), "others": box_contours(geometry, range(2, 11, 2))}
    one, _ = read_lesions(write_rtstruct(tmp_path / "r.dcm", regions), image).lesions
    assert one.volume_mm3 == pytest.approx(90 * slices * geometry.voxel_volume_mm3)
    assert any("taken as a slab" in note for note in one.notes) == (slices == 2)


def test_a_plane_midway_between_slices_is_placed_on_one(image, geometry, tmp_path):
    lesion = read_one(write_rtstruct(tmp_path / "r.dcm", {"GTV": box_contours(geometry, (5.5,))}), image)
    assert place_on(lesion, geometry).mask.sum() == 90
