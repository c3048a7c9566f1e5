import numpy as np
import pytest
from making_lesion_files import write_seg

from prognosis.errors import InputError
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.lesion_writing import write_labelmap, write_seg_nrrd


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (LesionChoice(), ["Tumor left", "LN 4R"]),
        (LesionChoice(names=("tumor*",)), ["Tumor left"]),
        (LesionChoice(names=("LN*", "Tumor*")), ["Tumor left", "LN 4R"]),
        (LesionChoice(names=(" ln 4r ",)), ["LN 4R"]),
        (LesionChoice(labels=(2,)), ["LN 4R"]),
        (LesionChoice(names=("LN*",), labels=(1,)), ["Tumor left", "LN 4R"]),
    ],
    ids=["all", "pattern in lower case", "two patterns keep the file's order", "spaces", "segment number", "either"],
)
def test_lesions_are_chosen_by_name_or_number(choice, names, image, masks, tmp_path):
    read = read_lesions(write_seg(tmp_path / "s.dcm", image, masks), image, choice)
    assert [lesion.name for lesion in read.lesions] == names
    assert [lesion.label for lesion in read.lesions] == list(range(1, len(names) + 1))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (LesionChoice(names=("Tumor*", "GTV*")), "no lesion named 'GTV\\*'; it holds Tumor left, LN 4R"),
        (LesionChoice(labels=(1, 9)), "no lesion with label 9; it holds 1, 2"),
    ],
    ids=["name", "label"],
)
def test_a_choice_that_fits_nothing_lists_what_there_is(choice, said, image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    with pytest.raises(InputError, match=said):
        read_lesions(path, image, choice)


def test_label_values_of_a_map_choose(image, masks, tmp_path):
    lesions = [
        LesionMask(label, "any", mask, image.geometry) for label, mask in zip((5, 3), masks.values(), strict=True)
    ]
    write_labelmap(lesions, image.geometry, tmp_path / "l.nrrd")
    read = read_lesions(tmp_path / "l.nrrd", image, LesionChoice(labels=(5,)))
    assert [(lesion.label, lesion.name) for lesion in read.lesions] == [(1, "lesion 5")]
    assert int(read.lesions[0].mask.sum()) == masks["Tumor left"].sum()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("two\nlines\x1b[31m\u202e", "two lines [31m"),
        ("x" * 300, "x" * 64),
        ("\x00\x07", "lesion 1"),
        ("GTV[1]", "GTV[1]"),
        ("Tumör 腫瘍 \\n", "Tumör 腫瘍 \\n"),
    ],
    ids=["path", "html", "formula", "control characters", "long", "nothing left", "brackets", "any script"],
)
def test_hostile_names_stay_data(name, shown, image, masks, tmp_path):
    write_seg_nrrd([LesionMask(1, name, masks["LN 4R"], image.geometry)], image.geometry, tmp_path / "n.seg.nrrd")
    lesion = read_lesions(tmp_path / "n.seg.nrrd", image, LesionChoice(names=(shown,))).lesions[0]
    assert lesion.name == shown
    dicom_name = name.replace("\\", "").replace("\x00", "")[:64] or "x"
    if dicom_name.isascii() and dicom_name.isprintable():
        read = read_lesions(write_seg(tmp_path / "s.dcm", image, {dicom_name: np.asarray(masks["LN 4R"])}), image)
        assert read.lesions[0].name == dicom_name
