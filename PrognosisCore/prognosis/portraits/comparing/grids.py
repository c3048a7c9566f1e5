"""Generated images as pictures: side by side in rows, and marked as synthetic in the file."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

SYNTHETIC = "Synthetic image"
"""What the text in every marked picture begins with."""

LARGEST_SIDE = 4096
"""Pixels of the longer side of a grid; images are shrunk where they would not fit."""

_GAP = 2
_LEAST_IMAGE = 16
_GROUND, _INK = "#0d0f12", "#eceff3"
_CAPTION_ROW, _CAPTION_COLUMN, _APART = 22, 150, 8
_DPI, _POINTS, _FONT = 100, 9, "DejaVu Sans"


def pixels_of(images: Tensor) -> NDArray[np.uint8]:
    """Images (n, 3, h, w) in [-1, 1], values beyond it cut off, as RGB (n, h, w, 3).

    Raises:
        ValueError: Some values are not finite.
    """
    if not images.isfinite().all():
        raise ValueError("images hold values that are no numbers")
    values = ((images.detach().float() + 1) * 127.5).round().clamp(0, 255)
    return values.permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)


def sample_grid(
    images: Tensor,
    *,
    columns: int,
    above: Sequence[str] = (),
    beside: Sequence[str] = (),
    below: Sequence[str] = (),
    zoom: int = 1,
    largest_side: int = LARGEST_SIDE,
) -> NDArray[np.uint8]:
    """Set images side by side, row by row, with thin gaps.

    Images keep their pixels, each drawn `zoom` times as wide, unless the grid would be larger than `largest_side`.

    Args:
        images: (n, 3, R, R) in [-1, 1]; a last row may be short.
        columns: Images a row.
        above: Captions of the columns; none, or one for each.
        beside: Captions of the rows; none, or one for each.
        below: Lines under the grid.
        zoom: How often each pixel is repeated, for small images.
        largest_side: Pixels of the longer side, captions included.

    Returns:
        RGB, (height, width, 3).

    Raises:
        ValueError: There is no image, captions do not fit, or images would be smaller than 16 pixels.
    """
    rows = -(-len(images) // columns) if columns > 0 else 0
    if not rows:
        msg = f"a grid needs images and columns, got {len(images)} and {columns}"
        raise ValueError(msg)
    if len(above) not in (0, columns) or len(beside) not in (0, rows):
        msg = f"{columns} columns and {rows} rows cannot have {len(above)} and {len(beside)} captions"
        raise ValueError(msg)
    top, left = _CAPTION_ROW * bool(above), _CAPTION_COLUMN * bool(beside)
    bottom = _CAPTION_ROW * len(below)
    side = min(
        zoom * images.shape[3],
        (largest_side - left - _GAP) // columns - _GAP,
        (largest_side - top - bottom - _GAP) // rows - _GAP,
    )
    if side < min(_LEAST_IMAGE, images.shape[3]):
        msg = f"{len(images)} images in {columns} columns do not fit into {largest_side} pixels"
        raise ValueError(msg)
    step = side + _GAP
    height, width = top + rows * step + _GAP + bottom, left + columns * step + _GAP
    sheet = _captions(height, width, (top, left), step, above, beside, below)
    for number, pixels in enumerate(pixels_of(images).repeat(zoom, axis=1).repeat(zoom, axis=2)):
        row, column = divmod(number, columns)
        upper, first = top + _GAP + row * step, left + _GAP + column * step
        sheet[upper : upper + side, first : first + side] = _of_side(pixels, side)
    return sheet


def marked_png(pixels: NDArray[np.uint8], text: str) -> bytes:
    """A picture as PNG that says in its text, not in its pixels, that it is synthetic, and holds no other metadata.

    Args:
        pixels: RGB, (height, width, 3).
        text: By what it was made, such as 'Synthetic image by portraits-demonstration'; 'Synthetic image' is put before
            it where it does not begin so.
    """
    line = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    line = line if line.startswith(SYNTHETIC) else f"{SYNTHETIC}. {line}".strip()
    words = PngInfo()
    words.add_text("Description", line)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", pnginfo=words)
    return stream.getvalue()


def _of_side(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (side, side):
        return pixels
    return np.array(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))


def _captions(
    height: int,
    width: int,
    corner: tuple[int, int],
    step: int,
    above: Sequence[str],
    beside: Sequence[str],
    below: Sequence[str],
) -> NDArray[np.uint8]:
    """An empty sheet with captions at its upper, left and lower edge, each cut to the place it has."""
    if not above and not beside and not below:
        return np.array(Image.new("RGB", (width, height), _GROUND))
    top, left = corner
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=_GROUND)
    for column, text in enumerate(above):
        _write(figure, left + (column + 0.5) * step, height - top / 2, text, within=step - _APART, across="center")
    for row, text in enumerate(beside):
        _write(figure, _APART, height - top - (row + 0.5) * step, text, within=left - 2 * _APART, across="left")
    for line, text in enumerate(reversed(below)):
        _write(figure, _APART, (line + 0.5) * _CAPTION_ROW, text, within=width - 2 * _APART, across="left")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(np.asarray(canvas.buffer_rgba())[..., :3])


def _write(figure: Figure, x: float, y: float, text: str, *, within: float, across: str) -> None:
    width, height = figure.get_size_inches() * _DPI
    figure.text(
        x / width,
        y / height,
        _fitting(text, within),
        ha=across,
        va="center_baseline",
        fontsize=_POINTS,
        family=_FONT,
        color=_INK,
        parse_math=False,
    )


def _fitting(text: str, within: float) -> str:
    """A line the font can draw, unknown letters as '?', cut with an ellipsis to a width in pixels."""
    font = font_manager.get_font(font_manager.findfont(_FONT))
    font.set_size(_POINTS, _DPI)
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() and font.get_char_index(ord(c)) else "?" for c in line)
    for kept in range(len(line), -1, -1):
        shown = line if kept == len(line) else f"{line[:kept]}…"
        font.set_text(shown)
        if font.get_width_height()[0] / 64 <= within:
            return shown
    return ""
