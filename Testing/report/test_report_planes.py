"""What is shown: slices hung as radiologists do, through the right voxels, in the right window."""

import numpy as np
import pytest

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.report.ct_window import LUNG, SOFT_TISSUE, window_around
from prognosis.report.outline import outline_of
from prognosis.report.planes import Letters, body_view, panels_through, shortened
from prognosis.report.targets import targets_of

AXIAL, CORONAL, SAGITTAL = 0, 1, 2


def whole(image):
    return tuple(slice(0, size) for size in image.array.shape)


@pytest.mark.parametrize(
    ("plane", "towards_lps", "edge"),
    [
        pytest.param(AXIAL, (60, 0, 0), "right", id="axial: the patient's left is on the right"),
        pytest.param(AXIAL, (-60, 0, 0), "left", id="axial: the patient's right is on the left"),
        pytest.param(AXIAL, (0, -40, 0), "top", id="axial: anterior is on top"),
        pytest.param(CORONAL, (60, 0, 0), "right", id="coronal: the patient's left is on the right"),
        pytest.param(CORONAL, (0, 0, 50), "top", id="coronal: the head is on top"),
        pytest.param(SAGITTAL, (0, -40, 0), "left", id="sagittal: anterior is on the left"),
        pytest.param(SAGITTAL, (0, 0, 50), "top", id="sagittal: the head is on top"),
        pytest.param(SAGITTAL, (0, 0, -50), "bottom", id="sagittal: the feet are below"),
    ],
)
def test_a_mark_lies_at_the_edge_its_letter_names(a_ct, plane, towards_lps, edge):
    labels = np.zeros(a_ct.array.shape, np.uint16)
    i, j, k = np.rint(a_ct.geometry.to_index(towards_lps)).astype(int)
    labels[k, j, i] = 7
    i0, j0, k0 = (int(v) for v in np.rint(a_ct.geometry.to_index((0, 0, 0))))
    panel = panels_through(a_ct, labels, (i0, j0, k0), whole(a_ct))[plane]
    (row,), (column,) = np.nonzero(panel.labels == 7)
    height, width = panel.labels.shape
    far = {
        "left": -(column - width / 2),
        "right": column - width / 2,
        "top": -(row - height / 2),
        "bottom": row - height / 2,
    }
    assert max(far, key=far.get) == edge
    letter = getattr(panel.letters, edge)
    axis = int(np.argmax(np.abs(towards_lps)))
    assert letter == ("RL", "AP", "IS")[axis][towards_lps[axis] > 0]


def test_letters_of_the_three_planes(a_ct):
    panels = panels_through(a_ct, np.zeros(a_ct.array.shape, np.uint16), (1, 1, 1), whole(a_ct))
    assert [panel.letters for panel in panels] == [
        Letters(left="R", right="L", top="A", bottom="P"),
        Letters(left="R", right="L", top="S", bottom="I"),
        Letters(left="A", right="P", top="S", bottom="I"),
    ]


def test_panels_pass_through_the_voxel_and_keep_its_millimetres():
    geometry = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    image = Volume(np.arange(120, dtype=np.int16).reshape(geometry.shape), geometry, "CT")
    view = (slice(1, 4), slice(1, 5), slice(2, 6))
    panels = panels_through(image, np.zeros(geometry.shape, np.uint16), (3, 2, 1), view)
    assert [panel.values[panel.target] for panel in panels] == [image.array[1, 2, 3]] * 3
    assert [panel.spacing for panel in panels] == [(2.0, 1.0), (3.0, 1.0), (3.0, 2.0)]
    assert [panel.size_mm for panel in panels] == [(8.0, 4.0), (9.0, 4.0), (9.0, 8.0)]


def test_panels_say_where_they_lie_in_the_patient(a_ct):
    i, j, k = (int(v) for v in a_ct.geometry.to_index((21.0, -19.0, -42.5)))
    panels = panels_through(a_ct, np.zeros(a_ct.array.shape, np.uint16), (i, j, k), whole(a_ct))
    assert [panel.position for panel in panels] == ["I 42.5 mm", "A 19.0 mm", "L 21.0 mm"]


def test_air_is_cut_alike_on_both_sides(a_ct):
    a_ct.array[:, :, :40] = -1000
    k, j, i = body_view(a_ct, [(50, 40, 15)])
    assert k == slice(0, 30)
    assert (i.start, i.stop) == (i.start, 100 - i.start)
    assert 0 < i.start <= 10
    assert 0 < j.start <= 10


def test_a_lesion_in_the_air_stays_in_view(a_ct):
    _, j, i = body_view(a_ct, [(50, 40, 15), (98, 2, 3)])
    assert i.stop > 98
    assert j.start <= 2


def test_an_image_of_air_is_shown_whole():
    geometry = Geometry((20, 20, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    air = Volume(np.full(geometry.shape, -1000, np.int16), geometry, "CT")
    assert body_view(air, [(10, 10, 2)]) == (slice(0, 5), slice(0, 20), slice(0, 20))


@pytest.mark.parametrize("k", [0, 150, 399])
def test_a_long_scan_is_cut_around_the_lesion(k):
    geometry = Geometry((50, 40, 400), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    view = shortened((slice(0, 400), slice(0, 40), slice(0, 50)), geometry, (10, 10, k))
    assert view[0].stop - view[0].start == 50
    assert 0 <= view[0].start <= k < view[0].stop <= 400


def test_targets_are_the_three_of_highest_risk(a_ct, a_lesion, a_patient):
    labels = np.zeros(a_ct.array.shape, np.uint16)
    ranks = {1: 4, 2: 1, 3: None, 4: 3, 5: 2}
    for label in ranks:
        labels[15, 40, 10 * label] = label
    patient = a_patient(*(a_lesion(label, rank=rank) for label, rank in ranks.items()))
    targets = targets_of(labels, a_ct.geometry, patient)
    assert [target.lesion.label for target in targets] == [2, 5, 4]
    assert [target.voxel for target in targets] == [(20, 40, 15), (50, 40, 15), (40, 40, 15)]


def test_the_slices_of_a_hollow_lesion_show_the_lesion(a_ct, a_lesion, a_patient, sphere):
    labels = np.zeros(a_ct.array.shape, np.uint16)
    labels[sphere(a_ct.geometry, (0, 0, 0), 30) & ~sphere(a_ct.geometry, (0, 0, 0), 20)] = 1
    (target,) = targets_of(labels, a_ct.geometry, a_patient(a_lesion()))
    i, j, k = target.voxel
    assert labels[k, j, i] == 1
    away = np.linalg.norm(a_ct.geometry.to_patient(target.voxel))
    assert 20 <= away < 24


def test_nearest_to_the_centroid_is_meant_in_millimetres(a_ct, a_lesion, a_patient):
    labels = np.zeros(a_ct.array.shape, np.uint16)
    labels[[13, 17], 40, 50] = 1  # 10 mm above and below the centroid
    labels[15, 40, [47, 53]] = 1  # 6 mm beside it
    (target,) = targets_of(labels, a_ct.geometry, a_patient(a_lesion()))
    assert target.voxel in {(47, 40, 15), (53, 40, 15)}


def test_a_lesion_wholly_under_others_is_shown_at_its_centroid(a_ct, a_lesion, a_patient):
    patient = a_patient(a_lesion(centroid_ras=(-21.0, 19.0, -42.5)))
    (target,) = targets_of(np.zeros(a_ct.array.shape, np.uint16), a_ct.geometry, patient)
    assert not target.painted
    np.testing.assert_allclose(a_ct.geometry.to_patient(target.voxel), (21.0, -19.0, -42.5))


@pytest.mark.parametrize(("around", "window"), [(-850, LUNG), (-401, LUNG), (-390, SOFT_TISSUE), (40, SOFT_TISSUE)])
def test_the_tissue_around_a_lesion_chooses_the_window(a_ct, around, window):
    a_ct.array[:] = around
    labels = np.zeros(a_ct.array.shape, np.uint16)
    box = (slice(10, 13), slice(30, 40), slice(30, 40))
    labels[box] = 1
    a_ct.array[box] = 60 if window is LUNG else -900
    assert window_around(a_ct, labels, box) is window


@pytest.mark.parametrize(
    ("window", "hounsfield", "grey"),
    [
        (SOFT_TISSUE, -160, 0),
        (SOFT_TISSUE, 40, 128),
        (SOFT_TISSUE, 240, 255),
        (SOFT_TISSUE, 3000, 255),
        (LUNG, -1350, 0),
        (LUNG, 150, 255),
    ],
)
def test_a_window_spans_black_to_white(window, hounsfield, grey):
    assert window.greys(np.array([[hounsfield]], np.int16)).tolist() == [[grey]]


def test_an_outline_runs_along_voxel_edges():
    mask = np.zeros((4, 5), bool)
    mask[1:3, 2:5] = True
    segments = outline_of(mask)
    assert len(segments) == 2 * (2 + 3)
    assert segments[..., 0].min() == 2
    assert segments[..., 0].max() == 5
    assert segments[..., 1].min() == 1
    assert segments[..., 1].max() == 3


def test_a_hole_has_an_outline_of_its_own():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    assert len(outline_of(mask)) == 12 + 4
