"""Grids of images and pictures that say they are synthetic."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from prognosis.portraits.comparing.grids import marked_png, pixels_of, sample_grid


def of_levels(*levels, side=32):
    """Grey images of values in [-1, 1]."""
    return torch.tensor(levels).view(-1, 1, 1, 1).expand(-1, 3, side, side)


def ramp(side=32):
    values = torch.linspace(-1, 1, 3 * side * side).view(1, 3, side, side)
    return torch.cat([values, -values, values.flip(3)])


def test_values_become_pixels_and_are_cut_at_their_limits():
    assert pixels_of(of_levels(-1.7, -1.0, 0.0, 1.0, 1.2))[:, 0, 0, 0].tolist() == [0, 0, 128, 255, 255]


def test_pixels_have_colours_last():
    image = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 4, 6)
    pixels = pixels_of(image)
    assert (pixels.shape, pixels.dtype) == ((1, 4, 6, 3), np.uint8)
    assert pixels[0, 2, 3].tolist() == [255, 128, 0]


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="no numbers"):
        pixels_of(of_levels(float("nan")))


def test_images_stand_row_by_row_with_thin_gaps_and_keep_their_pixels():
    images = ramp()
    grid = sample_grid(images, columns=2)
    assert grid.shape == (2 + 2 * 34, 2 + 2 * 34, 3)
    pixels = pixels_of(images)
    for number, (top, left) in enumerate([(2, 2), (2, 36), (36, 2)]):
        np.testing.assert_array_equal(grid[top : top + 32, left : left + 32], pixels[number])
    ground = grid[0, 0]
    assert (grid[34:36] == ground).all()
    assert (grid[:, 34:36] == ground).all()
    assert (grid[36:, 36:] == ground).all()


def test_small_images_may_be_enlarged_pixel_by_pixel():
    images = ramp()
    grid = sample_grid(images, columns=3, zoom=3)
    assert grid.shape == (2 + 98, 2 + 3 * 98, 3)
    np.testing.assert_array_equal(grid[3:99:3, 3:99:3], pixels_of(images)[0])
    np.testing.assert_array_equal(grid[2:98:3, 2:98:3], pixels_of(images)[0])


def test_captions_stand_beside_the_images_and_move_nothing_else():
    images = of_levels(-0.5, 0.5, 0.1, 0.2, side=64)
    plain = sample_grid(images, columns=2)
    named = sample_grid(images, columns=2, above=["first", "second"], beside=["ψ 0.7", "mean"])
    top, left = named.shape[0] - plain.shape[0], named.shape[1] - plain.shape[1]
    assert top > 10
    assert left > 50
    np.testing.assert_array_equal(named[top:, left:], plain)
    ground = plain[0, 0]
    for edge in (named[:top, left : left + 66], named[:top, left + 66 :], named[top : top + 66, :left]):
        assert (edge != ground).any()
    assert (named[:top, :left] == ground).all()


def test_lines_stand_below_the_grid_and_move_nothing_else():
    images = of_levels(-0.5, 0.5, 0.1, 0.2, side=64)
    plain = sample_grid(images, columns=2)
    named = sample_grid(images, columns=2, below=["Research use", "Mean"])
    high = plain.shape[0]
    np.testing.assert_array_equal(named[:high], plain)
    for line in (named[high : high + 22], named[high + 22 :]):
        assert (line != plain[0, 0]).any()


def test_a_caption_stays_in_its_place_whatever_it_says():
    images = of_levels(0.0, 0.0, side=64)
    wide = sample_grid(images, columns=2, above=["a caption that is far too long $x^2$ \u4e2d\n", ""])
    assert (wide[:22, 70:] == wide[0, 0]).all()
    assert (wide[:22, 2:66] != wide[0, 0]).any()


def test_large_grids_are_shrunk_to_the_limit():
    grid = sample_grid(of_levels(*[0.5] * 12, side=256), columns=4, largest_side=500)
    assert max(grid.shape[:2]) <= 500
    assert grid.shape[1] > 480
    assert grid[50, 50].tolist() == [191, 191, 191]


@pytest.mark.parametrize(
    ("count", "columns", "captions", "words"),
    [
        (0, 2, {}, "needs images and columns"),
        (4, 0, {}, "needs images and columns"),
        (4, 2, {"above": ["one"]}, "cannot have 1 and 0 captions"),
        (4, 2, {"beside": ["a", "b", "c"]}, "cannot have 0 and 3 captions"),
        (400, 400, {"largest_side": 1000}, "do not fit into 1000 pixels"),
    ],
    ids=["no images", "no columns", "captions of columns", "captions of rows", "too many"],
)
def test_grids_that_cannot_be_drawn_are_refused(count, columns, captions, words):
    with pytest.raises(ValueError, match=words):
        sample_grid(torch.zeros(count, 3, 32, 32), columns=columns, **captions)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Synthetic image by small-model 1", "Synthetic image by small-model 1"),
        ("By small-model 1.", "Synthetic image. By small-model 1."),
        ("", "Synthetic image."),
        ("Bild von \u4e2d\u6587\0\nx", "Synthetic image. Bild von \u4e2d\u6587  x"),
    ],
    ids=["said already", "not said", "empty", "other letters"],
)
def test_a_marked_picture_says_that_it_is_synthetic(text, written):
    pixels = pixels_of(ramp())[0]
    picture = Image.open(io.BytesIO(marked_png(pixels, text)))
    np.testing.assert_array_equal(np.asarray(picture), pixels)
    assert picture.text == {"Description": written}


def test_a_marked_picture_holds_nothing_else():
    png = marked_png(pixels_of(ramp())[0], "Synthetic image by small-model 1")
    kinds, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kinds.append(png[at + 4 : at + 8])
        at += 12 + length
    assert sorted(set(kinds)) == [b"IDAT", b"IEND", b"IHDR", b"tEXt"]
    assert marked_png(pixels_of(ramp())[0], "Synthetic image by small-model 1") == png
