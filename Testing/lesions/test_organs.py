import numpy as np
import pytest

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import place_on
from prognosis.lesions.organs import OrganFinder, organ_group

IMAGE = Geometry((60, 40, 20), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))


def block(name, start, size):
    geometry = IMAGE.crop(start, size)
    return LesionMask(1, name, np.ones(geometry.shape, bool), geometry)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("lung_upper_lobe_left", "lung"),
        ("Right Lung", "lung"),
        ("pulmonary_vein", "mediastinum"),
        ("heart", "mediastinum"),
        ("vertebrae_T9", "bone"),
        ("rib_left_4", "bone"),
        ("liver", "liver"),
        ("kidney_left", "kidney"),
        ("stomach", "stomach"),
        ("spleen", "spleen"),
        ("gallbladder", "other"),
        ("lesion 5", "liver"),
        ("lesion 13", "lung"),
        ("lesion 51", "mediastinum"),
        ("lesion 92", "bone"),
        ("lesion 90", "other"),
    ],
)
def test_names_and_values_of_totalsegmentator(name, group):
    assert organ_group(name) == group


def test_largest_overlap_then_nearest_then_other():
    find = OrganFinder([block("liver", (0, 0, 0), (20, 40, 20)), block("lung_left", (20, 0, 0), (20, 40, 20))], IMAGE)
    assert find(place_on(block("a", (17, 5, 5), (10, 4, 4)), IMAGE)) == "lung"
    assert find(place_on(block("b", (12, 5, 5), (10, 4, 4)), IMAGE)) == "liver"
    assert find(place_on(block("c", (45, 5, 5), (4, 4, 4)), IMAGE)) == "lung"
    assert find(place_on(block("d", (55, 5, 5), (4, 4, 4)), IMAGE)) == "other"


def test_parts_of_one_organ_count_together():
    organs = [
        block("lung_upper_lobe_left", (0, 0, 0), (10, 40, 20)),
        block("lung_lower_lobe_left", (10, 0, 0), (10, 40, 20)),
        block("heart", (20, 0, 0), (20, 40, 20)),
    ]
    assert OrganFinder(organs, IMAGE)(place_on(block("x", (6, 5, 5), (24, 4, 4)), IMAGE)) == "lung"
