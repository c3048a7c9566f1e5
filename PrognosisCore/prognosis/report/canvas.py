"""Figures drawn without a window, without pyplot and without changing matplotlib's settings."""

import io
import math

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

FONT = "DejaVu Sans"
_DPI = 100
_POINTS_PER_PIXEL = 72 / _DPI


def new_figure(width_px: int, height_px: int, *, background: str) -> Figure:
    """An empty figure of a size in pixels."""
    return Figure(figsize=(width_px / _DPI, height_px / _DPI), dpi=_DPI, facecolor=background)


def png_of(figure: Figure) -> bytes:
    """Draw a figure and return it as an RGB PNG."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    stream = io.BytesIO()
    picture.save(stream, format="PNG", compress_level=6)
    return stream.getvalue()


def drawable(text: str, *, limit: int = 200) -> str:
    """Text the figures' font can draw: one line, unknown characters as '?', cut with an ellipsis at `limit`."""
    font = font_manager.get_font(font_manager.findfont(FONT))
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() and font.get_char_index(ord(c)) else "?" for c in line)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def draw_watermark(figure: Figure, text: str, *, colour: str) -> None:
    """Print a text across the whole figure, from the lower left to the upper right."""
    width, height = figure.get_size_inches() * _DPI
    words = drawable(text)
    # A bold letter is about 0.7 of its height wide; the text takes three quarters of the diagonal.
    size_px = min(0.75 * math.hypot(width, height) / (0.7 * max(len(words), 1)), 0.09 * width)
    figure.text(
        0.5,
        0.5,
        words,
        rotation=math.degrees(math.atan2(height, width)),
        ha="center",
        va="center",
        fontsize=size_px * _POINTS_PER_PIXEL,
        fontweight="bold",
        family=FONT,
        color=colour,
        alpha=0.18,
        parse_math=False,
        zorder=100,
    )
