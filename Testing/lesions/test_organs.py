import numpy as np
import pytest

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import place_on
from prognosis.lesions.organs import OrganFinder, looks_like_anatomy, organ_group

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


TOTALSEGMENTATOR = {
    1: "spleen",
    2: "kidney_right",
    3: "kidney_left",
    4: "gallbladder",
    5: "liver",
    6: "stomach",
    7: "pancreas",
    8: "adrenal_gland_right",
    9: "adrenal_gland_left",
    10: "lung_upper_lobe_left",
    11: "lung_lower_lobe_left",
    12: "lung_upper_lobe_right",
    13: "lung_middle_lobe_right",
    14: "lung_lower_lobe_right",
    15: "esophagus",
    16: "trachea",
    17: "thyroid_gland",
    18: "small_bowel",
    19: "duodenum",
    20: "colon",
    21: "urinary_bladder",
    22: "prostate",
    23: "kidney_cyst_left",
    24: "kidney_cyst_right",
    25: "sacrum",
    26: "vertebrae_S1",
    51: "heart",
    52: "aorta",
    53: "pulmonary_vein",
    54: "brachiocephalic_trunk",
    55: "subclavian_artery_right",
    57: "common_carotid_artery_right",
    59: "brachiocephalic_vein_left",
    61: "atrial_appendage_left",
    62: "superior_vena_cava",
    63: "inferior_vena_cava",
    64: "portal_vein_and_splenic_vein",
    65: "iliac_artery_left",
    69: "humerus_left",
    71: "scapula_left",
    73: "clavicula_left",
    75: "femur_left",
    77: "hip_left",
    78: "hip_right",
    79: "spinal_cord",
    80: "gluteus_maximus_left",
    86: "autochthon_left",
    88: "iliopsoas_left",
    90: "brain",
    91: "skull",
    92: "rib_left_1",
    115: "rib_right_12",
    116: "sternum",
    117: "costal_cartilages",
}


@pytest.mark.parametrize(("value", "name"), TOTALSEGMENTATOR.items(), ids=str)
def test_totalsegmentators_names_and_values_agree(value, name):
    assert organ_group(name) == organ_group(f"lesion {value}")


@pytest.mark.parametrize("name", ["Carina_c40", "Vertebra_c40", "Liver", "BODY", "lung_left", "SpinalCord cord"])
def test_names_of_anatomy_are_noticed(name):
    assert looks_like_anatomy(name)


@pytest.mark.parametrize("name", ["Tumor_c40", "LN_c40", "GTV lung", "lesion 5", "liver metastasis", "met_3", "nodule"])
def test_names_of_lesions_are_let_be(name):
    assert not looks_like_anatomy(name)


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
