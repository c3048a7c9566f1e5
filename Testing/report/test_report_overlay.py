"""The overview picture as a reader sees it."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.text import Text
from PIL import Image

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.report.overlay import draw_overlay, overlay_figure
from prognosis.report.overlay_layout import layout_for
from prognosis.report.panel_drawing import fill_of
from prognosis.report.planes import body_view, panels_through

REAL_CT = Path(__file__).resolve().parents[3] / "shared/data/ct/4d_lung_113/ct"


def texts_of(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def cell_pixels(png, image, labels, voxel, column):
    """The pixels of one picture of a page with a single row, and its centre."""
    layout = layout_for([panels_through(image, labels, voxel, body_view(image, [voxel]))])
    where = layout.cell(0, column)
    pixels = pixels_of(png)
    top = round(pixels.shape[0] - where.bottom - where.height)
    return pixels[top : round(top + where.height), round(where.left) : round(where.left + where.width)]


def places_of(colour, pixels):
    """Rows and columns where a colour stands, give or take what smoothing of lines does."""
    return np.nonzero((np.abs(pixels.astype(int) - colour) <= 12).all(axis=-1))


@pytest.fixture
def one_lesion(a_ct, a_lesion, a_patient, sphere):
    """A lesion in the patient's left, anterior and towards the feet."""
    labels = np.zeros(a_ct.array.shape, np.uint16)
    labels[sphere(a_ct.geometry, (41.0, -31.0, -32.5), 20)] = 1
    return a_ct, labels, a_patient(a_lesion(colour=(250, 20, 200)))


@pytest.mark.parametrize(
    ("column", "right_half", "upper_half"),
    [
        pytest.param(0, True, True, id="axial"),
        pytest.param(1, True, False, id="coronal"),
        pytest.param(2, False, False, id="sagittal"),
    ],
)
def test_a_lesion_is_painted_on_its_side(one_lesion, column, right_half, upper_half):
    image, labels, patient = one_lesion
    i, j, k = (int(v) for v in image.geometry.to_index((41.0, -31.0, -32.5)))
    pixels = cell_pixels(draw_overlay(image, labels, patient), image, labels, (i, j, k), column)
    rows, columns = places_of((250, 20, 200), pixels)
    assert len(rows) > 50
    assert (columns.min() > pixels.shape[1] / 2) == right_half
    assert (columns.max() < pixels.shape[1] / 2) == (not right_half)
    assert (rows.max() < pixels.shape[0] / 2) == upper_half
    assert (rows.min() > pixels.shape[0] / 2) == (not upper_half)


@pytest.mark.parametrize("column", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_a_sphere_is_round_whatever_the_voxels(one_lesion, column):
    image, labels, patient = one_lesion
    i, j, k = (int(v) for v in image.geometry.to_index((41.0, -31.0, -32.5)))
    pixels = cell_pixels(draw_overlay(image, labels, patient), image, labels, (i, j, k), column)
    rows, columns = places_of((250, 20, 200), pixels)
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(1.0, abs=0.13)


@pytest.mark.parametrize("column", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_fill_and_outline_lie_on_the_anatomy(one_lesion, column):
    image, labels, patient = one_lesion
    image.array[:] = np.where(labels == 1, 2000, -1000)
    i, j, k = (int(v) for v in image.geometry.to_index((41.0, -31.0, -32.5)))
    pixels = cell_pixels(draw_overlay(image, labels, patient), image, labels, (i, j, k), column)
    outline = places_of((250, 20, 200), pixels)
    white_seen_through_the_fill = 255 + 0.32 * (np.array((250, 20, 200)) - 255)
    inside = places_of(white_seen_through_the_fill, pixels)
    assert len(inside[0]) > 500
    for filled, bordered in zip(inside, outline, strict=True):
        assert bordered.min() - 2 <= filled.min()
        assert filled.max() <= bordered.max() + 2
        assert filled.mean() == pytest.approx(bordered.mean(), abs=3)


def test_anatomy_shows_through_the_fill():
    labels = np.array([[0, 1, 2]], np.uint16)
    fill = fill_of(labels, {1: (10, 20, 30)})
    assert fill[0, 0].tolist() == [0, 0, 0, 0]
    assert fill[0, 1, :3].tolist() == [10, 20, 30]
    assert fill[0, 2, :3].tolist() == [128, 128, 128]
    assert 0 < fill[0, 1, 3] < 128


def test_other_lesions_of_the_slice_are_painted_too(one_lesion, a_lesion, a_patient, sphere):
    image, labels, _ = one_lesion
    labels[sphere(image.geometry, (-41.0, 31.0, -32.5), 12)] = 2
    patient = a_patient(a_lesion(colour=(250, 20, 200)), a_lesion(2, rank=None, colour=(20, 250, 60)))
    i, j, k = (int(v) for v in image.geometry.to_index((41.0, -31.0, -32.5)))
    pixels = cell_pixels(draw_overlay(image, labels, patient), image, labels, (i, j, k), 0)
    _, columns = places_of((20, 250, 60), pixels)
    assert len(columns) > 20
    assert columns.max() < pixels.shape[1] / 2


def test_the_picture_is_1500_wide_and_under_two_megabytes(one_lesion):
    png = draw_overlay(*one_lesion)
    assert pixels_of(png).shape[1:] == (1500, 3)
    assert len(png) < 2_000_000


def test_the_page_says_what_it_shows(one_lesion):
    texts = texts_of(overlay_figure(*one_lesion))
    assert "lesion 1 · Tumor_c40 · rank 1" in texts
    assert "soft tissue window, level 40, width 400 HU" in texts
    assert "lesion risk, percentile among training lesions" in texts
    assert {"0", "25", "50", "75", "100"} <= set(texts)
    assert "Research use only. Not for diagnosis or treatment." in texts
    assert "model lesion-net 1.2.0" in texts
    assert texts.count("50 mm") == 3
    assert {letter: texts.count(letter) for letter in "RLAPSI"} == dict.fromkeys("RLAPSI", 2)
    assert "axial\nI 32.5 mm" in texts


def test_hidden_percentiles_leave_no_number_on_the_bar(one_lesion, a_lesion, a_patient):
    image, labels, _ = one_lesion
    texts = texts_of(overlay_figure(image, labels, a_patient(a_lesion(shown=False), demonstration=True)))
    assert {"lower", "higher", "demonstration model: order only"} <= set(texts)
    assert not {"0", "25", "50", "75", "100"} & set(texts)
    assert not any("percentile" in text for text in texts)
    assert "model lesion-net 1.2.0 · DEMONSTRATION MODEL" in texts


def test_a_watermark_crosses_the_page(one_lesion, a_patient):
    image, labels, plain = one_lesion
    marked = a_patient(*plain.lesions, watermark="DEMONSTRATION NUMBERS")
    assert "DEMONSTRATION NUMBERS" in texts_of(overlay_figure(image, labels, marked))
    assert "DEMONSTRATION NUMBERS" not in texts_of(overlay_figure(image, labels, plain))
    changed = (pixels_of(draw_overlay(image, labels, marked)) != pixels_of(draw_overlay(image, labels, plain))).any(-1)
    rows, columns = np.nonzero(changed)
    assert np.ptp(rows) > 0.5 * changed.shape[0]
    assert np.ptp(columns) > 0.5 * changed.shape[1]


@pytest.mark.parametrize("unscored", [0, 2])
def test_without_a_scored_lesion_the_page_says_so(a_ct, a_lesion, a_patient, unscored):
    labels = np.zeros(a_ct.array.shape, np.uint16)
    labels[15, 40, 50] = unscored
    patient = a_patient(*(a_lesion(label, rank=None) for label in range(1, unscored + 1)))
    texts = texts_of(overlay_figure(a_ct, labels, patient))
    assert "no lesion scored" in texts
    assert not any("percentile" in text or "rank" in text for text in texts)


def test_a_covered_lesion_says_so(a_ct, a_lesion, a_patient):
    texts = texts_of(overlay_figure(a_ct, np.zeros(a_ct.array.shape, np.uint16), a_patient(a_lesion())))
    assert "lesion 1 · Tumor_c40 · rank 1 · covered by other lesions" in texts


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("a $\\frac{$", "a $\\frac{$", id="mathematics is not set"),
        pytest.param("two\nlines\t", "two lines", id="line breaks"),
        pytest.param("肝 \u202emass", "? ?mass", id="unknown letters and reversed writing"),
        pytest.param("x" * 300, "x" * 59 + "…", id="very long"),
    ],
)
def test_odd_names_are_drawn(one_lesion, a_lesion, a_patient, name, shown):
    image, labels, _ = one_lesion
    patient = a_patient(a_lesion(name=name))
    assert f"lesion 1 · {shown} · rank 1" in texts_of(overlay_figure(image, labels, patient))
    assert draw_overlay(image, labels, patient).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((512, 512, 1), id="one slice"),
        pytest.param((3, 3, 3), id="tiny"),
        pytest.param((200, 20, 20), id="flat"),
        pytest.param((20, 200, 20), id="deep"),
        pytest.param((30, 30, 700), id="long"),
    ],
)
def test_images_of_any_shape_give_a_page_of_sane_height(a_lesion, a_patient, size):
    geometry = Geometry(size, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    labels = np.zeros(geometry.shape, np.uint16)
    labels[-1, -1, -1] = 1
    png = draw_overlay(Volume(np.zeros(geometry.shape, np.int16), geometry, "CT"), labels, a_patient(a_lesion()))
    assert 300 < pixels_of(png).shape[0] < 1500


def test_labels_of_another_shape_are_refused(a_ct, a_lesion, a_patient):
    with pytest.raises(ValueError, match="do not lie on an image"):
        draw_overlay(a_ct, np.zeros((2, 2, 2), np.uint16), a_patient(a_lesion()))


def test_no_second_volume_is_made(a_lesion, a_patient):
    geometry = Geometry((512, 512, 400), (0.8, 0.8, 1.0), (0.0, 0.0, 0.0))
    image = Volume(np.zeros(geometry.shape, np.int16), geometry, "CT")
    labels = np.zeros(geometry.shape, np.uint16)
    labels[200:210, 200:230, 300:330] = 1
    tracemalloc.start()
    draw_overlay(image, labels, a_patient(a_lesion()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.5 * image.array.size


@pytest.mark.skipif(not REAL_CT.is_dir(), reason=f"no CT at {REAL_CT}")
def test_a_lesion_in_a_real_left_lung(a_lesion, a_patient, sphere):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(REAL_CT)))
    read = reader.Execute()
    geometry = Geometry(read.GetSize(), read.GetSpacing(), read.GetOrigin(), read.GetDirection())
    image = Volume(sitk.GetArrayFromImage(read), geometry, "CT").to_lps()
    labels = np.zeros(image.array.shape, np.uint16)
    labels[sphere(image.geometry, (95.0, 90.0, -950.0), 12)] = 1
    patient = a_patient(a_lesion(colour=(250, 20, 200)))
    assert "lung window, level -600, width 1500 HU" in texts_of(overlay_figure(image, labels, patient))
    png = draw_overlay(image, labels, patient)
    assert len(png) < 2_000_000
    _, columns = places_of((250, 20, 200), pixels_of(png)[:, :500])
    assert len(columns) > 30
    assert columns.min() > 250
