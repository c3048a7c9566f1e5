"""A region's CT finds its place in a later CT, and what does not fit is told by its detail."""

import numpy as np
import pytest
from making_followups import moved_far
from scipy import ndimage

from prognosis.errors import InputError
from prognosis.imaging.coarse_match import best_shifts, correlate_everywhere
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.registering import register_region
from prognosis.imaging.volume import Volume


def _counted(scene):
    return ndimage.distance_transform_edt(~scene.tumour) > 5


@pytest.fixture(scope="module")
def found(scene):
    return register_region(Volume(scene.ct, scene.region), _counted(scene), scene.followup.ct)


def test_the_phantoms_pose_is_found(scene, found):
    assert scene.corners_missed_mm(found).max() < 1.0
    pose = scene.followup.pose
    assert found.rotation_degrees == pytest.approx(np.linalg.norm(pose.turn_degrees), abs=0.5)
    assert found.match > 0.95
    assert found.match > found.match_before
    assert found.detail > 0.85
    assert found.overlap == pytest.approx(1.0, abs=0.01)


def test_the_same_comes_out_again(scene, found):
    again = register_region(Volume(scene.ct, scene.region), _counted(scene), scene.followup.ct)
    assert np.array_equal(again.matrix, found.matrix)


def test_coordinates_of_another_frame_do_not_matter(scene, found):
    shift = np.array([210.0, -140.0, 333.0])
    far = register_region(Volume(scene.ct, scene.region), _counted(scene), moved_far(scene.followup.ct, shift))
    assert far.match_before is None
    assert far.start == "a search over all shifts"
    ends = scene.region.to_patient([[0, 0, 0], [95, 95, 47]])
    there, here = (ends @ each.matrix[:3, :3].T + each.matrix[:3, 3] for each in (far, found))
    assert np.linalg.norm(there - shift - here, axis=1).max() < 0.5


def test_a_region_that_is_all_tumour_is_refused(scene):
    with pytest.raises(InputError, match="Too little of the region"):
        register_region(Volume(scene.ct, scene.region), np.zeros(scene.region.shape, bool), scene.followup.ct)


def test_a_follow_up_smaller_than_the_region_is_refused(scene):
    ct = scene.followup.ct
    small = Volume(ct.array[:8, :20, :20], ct.geometry.crop((0, 0, 0), (20, 20, 8)))
    with pytest.raises(InputError, match="fits nowhere"):
        register_region(Volume(scene.ct, scene.region), _counted(scene), small)


def test_every_shift_is_correlated_as_by_hand():
    rng = np.random.default_rng(3)
    piece, image = rng.normal(100, 5, (4, 5, 6)), rng.normal(-700, 50, (7, 8, 9))
    counted, known = rng.random(piece.shape) < 0.8, rng.random(image.shape) < 0.9
    found, first = correlate_everywhere(piece, counted, image, known, least_overlap=0.5)
    checked = 0
    for shift in np.ndindex(found.shape):
        start = np.array(shift) + first
        if np.any(start < 0) or np.any(start + piece.shape > image.shape):
            continue
        box = tuple(slice(a, a + n) for a, n in zip(start, piece.shape, strict=True))
        both = counted & known[box]
        assert found[shift] == pytest.approx(np.corrcoef(piece[both], image[box][both])[0, 1], abs=1e-9)
        checked += 1
    assert checked == 4**3


def test_a_piece_is_found_where_it_was_cut():
    image = np.random.default_rng(1).normal(size=(20, 22, 24))
    piece = image[5:13, 7:15, 9:17]
    correlation, first = correlate_everywhere(
        piece, np.ones(piece.shape, bool), image, np.ones(image.shape, bool), least_overlap=0.6
    )
    assert best_shifts(correlation, first, most=3, apart=2)[0].tolist() == [5, 7, 9]


def test_a_flat_image_matches_nothing():
    flat = np.full((6, 6, 6), 40.0)
    everywhere = np.ones(flat.shape, bool)
    correlation, first = correlate_everywhere(flat, everywhere, flat, everywhere, least_overlap=0.6)
    assert best_shifts(correlation, first, most=3, apart=2) == []


def test_a_follow_up_with_permuted_axes_is_found(scene):
    """The later scan, stored sagittally."""
    ct = scene.followup.ct
    affine = ct.geometry.affine[:, [2, 0, 1, 3]].copy()
    geometry = Geometry.from_affine(affine, (ct.geometry.size[2], ct.geometry.size[0], ct.geometry.size[1]))
    permuted = Volume(ct.array.transpose(1, 2, 0), geometry)
    assert np.allclose(permuted.to_lps().array, ct.array)
    found = register_region(Volume(scene.ct, scene.region), _counted(scene), permuted)
    assert scene.corners_missed_mm(found).max() < 1.0
