"""The report of a generator's training: a single HTML file that needs nothing else."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from prognosis.bundles.manifest import Metric
from prognosis.portraits.comparing.grids import marked_png
from prognosis.report.finetuning_words import headlines, metric_rows, option_rows, shown_words
from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.survival_study.figures import StudyFigure
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

MOST_GRIDS = 6
"""Sample grids on a page: the first, the last, and some evenly between."""

_WIDEST_GRID = 1000


@dataclass(frozen=True)
class FinetuningStory:
    """A training as its report tells it.

    Args:
        name: Of the model, with its version.
        options: How it was trained, name -> value.
        curve: Records in order, each with 'images' (photos shown so far) and any of 'loss_generator',
            'loss_discriminator', 'sign_on_photos', 'probability', 'r1', 'path_length', 'frechet', 'kernel',
            'kernel_low' and 'kernel_high'; what is missing or NaN is not drawn.
        grids: Photos shown so far, and a PNG of faces drawn from the same latents each time.
        metrics: Of the final generator, name -> value; where its ends are equal there is no interval.
        warnings: What a reader must know first.
        demonstration: Whether the model is a demonstration.
        facts: What it began from, photos and the like, name -> text.
        versions: Program and libraries, name -> text.
        sign_target: Of the discriminator's mean sign on photos; None where augmentation is not adaptive.
        distances_by: By whose features distances were measured; '' for none.
    """

    name: str
    options: Mapping[str, object]
    curve: Sequence[Mapping[str, float]]
    grids: Sequence[tuple[int, bytes]]
    metrics: Mapping[str, Metric]
    warnings: Sequence[str]
    demonstration: bool
    facts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sign_target: float | None = None
    distances_by: str = ""


def render_finetuning_report(story: FinetuningStory, figures: Mapping[str, StudyFigure]) -> str:
    """Render a training as HTML that loads nothing from elsewhere and runs no script.

    Args:
        story: What happened.
        figures: From `finetuning_figures`; any may be missing.
    """
    return page_template("finetuning.html", tight=True).render(
        story=story,
        research_use=RESEARCH_USE,
        demonstration=DEMONSTRATION,
        headlines=headlines(story.curve, story.sign_target),
        figures=[(embedded_png(figure.png), figure.shows) for figure in figures.values()],
        grids=[(embedded_png(_small(png, story.name)), shown_words(images)) for images, png in _some(story.grids)],
        left_out=len(story.grids) - len(_some(story.grids)),
        metrics=metric_rows(story.metrics),
        options=option_rows(story.options),
    )


def _some(grids: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    if len(grids) <= MOST_GRIDS:
        return list(grids)
    chosen = np.linspace(0, len(grids) - 1, MOST_GRIDS).round().astype(int)
    return [grids[index] for index in chosen]


def _small(png: bytes, name: str) -> bytes:
    """The grid no wider than the page needs, still saying that it is synthetic."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    if picture.width > _WIDEST_GRID:
        height = math.ceil(picture.height * _WIDEST_GRID / picture.width)
        picture = picture.resize((_WIDEST_GRID, height), Image.Resampling.LANCZOS)
    return marked_png(np.array(picture), f"Synthetic image by {name}")
