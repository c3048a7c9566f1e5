import numpy as np
import pytest
from PIL import Image

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.out_of_fold import Example
from prognosis.report.segmentation_examples import write_examples

SHAPE = (48, 96, 96)
DRAWN, PREDICTED = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)


def box(k, j, i):
    mask = np.zeros(SHAPE, bool)
    mask[k - 4 : k + 4, j - 6 : j + 6, i - 6 : i + 6] = True
    return mask


def pictures(drawn, predicted, folder, count=1, modality=Modality.CT):
    image = np.full(SHAPE, 40.0, np.float32)
    write_examples([Example("best", 0.5, image, drawn, predicted)] * count, modality, folder / "examples.png")
    with Image.open(folder / "examples.png") as picture:
        return np.asarray(picture.convert("RGB"))


def centre_of(picture, colour, column):
    """Mean (row, column) of a colour below the headings, in one of the three columns, 0 to 1 of its width."""
    part = picture[75:, 300 * column : 300 * (column + 1)]
    rows, columns = np.nonzero((part == colour).all(axis=-1))
    return rows.mean(), columns.mean() / 300


@pytest.mark.parametrize("column", [1, 2], ids=["coronal", "sagittal"])
def test_superior_is_on_top(tmp_path, column):
    nothing = np.zeros(SHAPE, bool)
    up, _ = centre_of(pictures(box(40, 48, 48), nothing, tmp_path), DRAWN, column)
    down, _ = centre_of(pictures(box(8, 48, 48), nothing, tmp_path), DRAWN, column)
    assert up < down


@pytest.mark.parametrize(("column", "at"), [(0, (24, 48, 80)), (1, (24, 48, 80)), (2, (24, 80, 48))])
def test_higher_indices_lie_to_the_right(tmp_path, column, at):
    _, across = centre_of(pictures(box(*at), np.zeros(SHAPE, bool), tmp_path), DRAWN, column)
    assert across > 0.7


def test_both_contours_are_drawn_where_they_lie(tmp_path):
    picture = pictures(box(24, 48, 30), box(24, 48, 60), tmp_path)
    assert centre_of(picture, DRAWN, 0)[1] < 0.45 < centre_of(picture, PREDICTED, 0)[1]


def test_an_empty_prediction_is_drawn_as_none(tmp_path):
    picture = pictures(box(24, 48, 48), np.zeros(SHAPE, bool), tmp_path)
    assert not (picture[75:] == PREDICTED).all(axis=-1).any()


def test_each_example_has_a_row_and_pet_is_dark_on_bright(tmp_path):
    mask = box(24, 48, 48)
    one, three = (pictures(mask, mask, tmp_path, count) for count in (1, 3))
    assert three.shape[0] - one.shape[0] == 2 * (one.shape[0] - 70)
    ct, pet = (pictures(mask, mask, tmp_path, modality=modality) for modality in Modality)
    assert pet[-40, 150].mean() > 150 > ct[-40, 150].mean()
