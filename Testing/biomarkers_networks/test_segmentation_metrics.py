import numpy as np
import pytest
import torch
from making_regions import SHAPE, blob
from monai.metrics import compute_dice, compute_hausdorff_distance

from prognosis.biomarkers.networks.segmentation_metrics import compare_contours

SPACING = (3.0, 1.0, 0.5)


def lumps(seed):
    """An uneven shape of several balls."""
    generator = np.random.default_rng(seed)
    return np.any([blob(generator.uniform(3, 9), generator.uniform(10, 38, 3)) for _ in range(3)], axis=0)


@pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges:FutureWarning")
@pytest.mark.parametrize("seed", range(4))
def test_measures_are_those_of_monai(seed):
    predicted, drawn = lumps(seed), lumps(seed + 100)
    found = compare_contours(predicted, drawn, SPACING)
    first, second = (torch.from_numpy(mask)[None, None].float() for mask in (predicted, drawn))
    assert found.dice == pytest.approx(float(compute_dice(first, second)), abs=1e-6)
    options = {"include_background": True, "spacing": SPACING}
    largest = compute_hausdorff_distance(first, second, **options)
    most = compute_hausdorff_distance(first, second, percentile=95, **options)
    assert found.hausdorff_mm == pytest.approx(float(largest), abs=1e-4)
    assert found.hausdorff95_mm == pytest.approx(float(most), abs=1e-4)


def test_the_same_contour_agrees_wholly():
    found = compare_contours(lumps(0), lumps(0), SPACING)
    assert (found.dice, found.hausdorff_mm, found.hausdorff95_mm) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("axis", "expected"), [(0, 6.0), (1, 2.0), (2, 1.0)])
def test_distances_are_in_millimetres_along_each_axis(axis, expected):
    """A block moved by two voxels has its surface two voxels away."""
    drawn = np.zeros(SHAPE, bool)
    drawn[20:30, 30:50, 30:50] = True
    assert compare_contours(np.roll(drawn, 2, axis), drawn, SPACING).hausdorff_mm == expected


def test_a_far_speck_moves_the_maximum_more_than_the_percentile():
    drawn = blob(12)
    predicted = drawn.copy()
    predicted[2, 2, 2] = True
    found = compare_contours(predicted, drawn, (1.0, 1.0, 1.0))
    assert found.hausdorff_mm > 40
    assert found.hausdorff95_mm == 0


def test_an_empty_prediction_is_said_to_be_empty():
    found = compare_contours(np.zeros(SHAPE, bool), blob(5), SPACING)
    assert found.empty
    assert (found.dice, found.hausdorff_mm, found.hausdorff95_mm) == (0.0, None, None)


@pytest.mark.parametrize(
    ("predicted", "drawn"),
    [(blob(5), np.zeros(SHAPE, bool)), (blob(5)[:, :, :90], blob(5))],
    ids=["nothing drawn", "another shape"],
)
def test_what_cannot_be_compared_is_refused(predicted, drawn):
    with pytest.raises(ValueError, match="two masks of one shape"):
        compare_contours(predicted, drawn, SPACING)
