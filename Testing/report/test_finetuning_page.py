"""The report of a generator's training: what happened in plain words, nothing hidden, safe with hostile text."""

import base64
import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image
from test_report_html import Page

from prognosis.bundles.manifest import Metric
from prognosis.portraits.comparing.grids import marked_png, sample_grid
from prognosis.report import finetuning_figures as drawing
from prognosis.report.finetuning import MOST_GRIDS, FinetuningStory, render_finetuning_report
from prognosis.report.finetuning_figures import finetuning_figures

HOSTILE = "<script>alert(1)</script>$x^"


def grid_png(images=8, side=64):
    pixels = sample_grid(torch.zeros(images, 3, side, side), columns=4)
    return marked_png(pixels, "Synthetic image by small 1")


def curve_of(*, signs=(0.3, 0.6), kernels=((0.5, 0.4, 0.6), (0.05, 0.03, 0.07)), probability=0.2):
    records = [
        {
            "images": 1000.0 * (number + 1),
            "loss_generator": 1.0 + number / 50,
            "loss_discriminator": 0.7,
            "sign_on_photos": float(np.interp(number, (0, 15), signs)),
            "probability": probability,
            "r1": 0.02,
            "path_length": 0.4,
        }
        for number in range(20)
    ]
    last = len(kernels) - 1
    for number, (value, low, high) in enumerate(kernels):
        images = 20_000.0 * number / max(last, 1)
        records.append(
            {"images": images, "kernel": value, "kernel_low": low, "kernel_high": high, "frechet": 9 * value}
        )
    return sorted(records, key=lambda record: record["images"])


def story_of(**other):
    values = {
        "name": "portraits-masks 1",
        "options": {"images": 20_000, "learning_rate": 0.0025, "augment": "adaptive", "mirror": True},
        "curve": curve_of(),
        "grids": [(0, grid_png()), (20_000, grid_png())],
        "metrics": {
            "kernel_distance": Metric(0.05, 0.03, 0.07, 200, "held-out photos"),
            "frechet_distance": Metric(0.45, 0.45, 0.45, 200, "held-out photos"),
        },
        "warnings": (),
        "demonstration": False,
        "facts": {"Began from": "portraits-demonstration 1"},
        "versions": {"prognosis": "0.1.0"},
        "sign_target": 0.6,
        "distances_by": "discriminator of portraits-demonstration",
    }
    return FinetuningStory(**(values | other))


def page_of(story, figures=None):
    page = Page(render_finetuning_report(story, finetuning_figures(story) if figures is None else figures))
    assert page.open == []
    return page


def pictures_of(page, words):
    addresses = [attributes["src"] for tag, attributes in page.tags if tag == "img" and words in attributes["alt"]]
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    return [Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) for address in addresses]


def labels_beyond(axes):
    """Labels of ticks outside of the limits, which are made but not drawn."""
    return [
        tick.label1
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not axis.get_view_interval()[0] <= tick.get_loc() <= axis.get_view_interval()[1]
    ]


def test_the_page_says_what_it_is_for_and_what_its_faces_are():
    page = page_of(story_of())
    assert page.text.count("Research use only. Not for diagnosis or treatment.") == 2
    assert "How portraits-masks 1 was trained" in page.text
    assert "All faces here are synthetic." in page.text
    assert "treat its faces and its weights as identifying" in page.text


def test_demonstrations_are_marked_on_the_page_and_in_every_figure():
    story = story_of(demonstration=True)
    assert "DEMONSTRATION MODEL. It shows how the program works." in page_of(story).text
    assert all("DEMONSTRATION MODEL" in figure.svg.decode() for figure in finetuning_figures(story).values())
    assert "DEMONSTRATION" not in page_of(story_of()).text
    assert not any("DEMONSTRATION" in figure.svg.decode() for figure in finetuning_figures(story_of()).values())


def test_warnings_stand_before_all_numbers():
    text = page_of(story_of(warnings=["Few photos: 40."])).text
    assert text.index("Few photos: 40.") < text.index("Kernel distance")
    assert "Warnings" not in page_of(story_of()).text


@pytest.mark.parametrize(
    ("kernels", "words"),
    [
        (((0.5, 0.4, 0.6), (0.05, 0.03, 0.07)), "Generated faces came nearer to the photos."),
        (((0.05, 0.03, 0.07), (0.5, 0.4, 0.6)), "this training did harm."),
        (((0.5, 0.3, 0.6), (0.4, 0.2, 0.5)), "it was not shown that training changed the distance."),
        (
            ((0.5, 0.4, 0.6), (0.05, 0.03, 0.07), (0.2, 0.15, 0.25)),
            "They were nearest after 10,000 photos: a shorter training is better.",
        ),
        (((0.05, 0.03, 0.07),), "0 is expected of faces of the same origin."),
    ],
    ids=["nearer", "farther", "not shown", "best before the end", "one measurement"],
)
def test_the_headline_says_what_happened_to_the_distance(kernels, words):
    assert words in page_of(story_of(curve=curve_of(kernels=kernels)), figures={}).text


def test_the_distance_stands_with_its_interval_beside_that_before():
    text = page_of(story_of()).text
    assert "Kernel distance 0.050 (0.030 to 0.070)" in text
    assert "It was 0.500 (0.400 to 0.600) before training" in text


@pytest.mark.parametrize(
    ("signs", "target", "probability", "words"),
    [
        ((0.2, 0.6), 0.6, 0.3, "Adaptive augmentation held it at its target."),
        ((0.2, 0.9), 0.6, 0.3, "It is above the target: augmentation was still growing."),
        ((0.2, 0.9), 0.6, 0.95, "there are too few photos for so long a training."),
        ((0.2, 0.3), 0.6, 0.0, "the photos were enough without augmentation."),
        ((0.2, 0.95), None, 0.0, "It all but does: give more photos"),
    ],
    ids=["at the target", "above", "always changed", "below", "no augmentation"],
)
def test_the_headline_says_what_the_discriminator_remembers(signs, target, probability, words):
    curve = curve_of(signs=signs, probability=probability)
    assert words in page_of(story_of(curve=curve, sign_target=target), figures={}).text


def test_no_target_is_spoken_of_where_there_is_none():
    assert "target" not in page_of(story_of(sign_target=None)).text


def test_metrics_have_intervals_where_they_have_some():
    page = page_of(story_of())
    rows = {row[0]: row[1:] for row in page.rows}
    assert rows["Kernel distance"] == ["0.050 (0.030 to 0.070)", "200", "held-out photos"]
    assert rows["Frechet distance"] == ["0.450", "200", "held-out photos"]
    assert "by features of discriminator of portraits-demonstration" in page.text


def test_settings_and_origin_are_told():
    rows = {row[0]: row[-1] for row in page_of(story_of()).rows}
    assert rows["Images"] == "20,000"
    assert rows["Learning rate"] == "0.0025"
    assert rows["Mirror"] == "yes"
    assert rows["Began from"] == "portraits-demonstration 1"
    assert rows["prognosis"] == "0.1.0"


def test_grids_are_shown_in_order_and_still_say_that_they_are_synthetic():
    page = page_of(story_of())
    pictures = pictures_of(page, "Synthetic faces")
    assert len(pictures) == 2
    assert [picture.text["Description"] for picture in pictures] == ["Synthetic image by portraits-masks 1"] * 2
    assert page.text.index("Before training.") < page.text.index("After 20,000 photos.")


def test_of_many_grids_first_last_and_some_between_are_shown():
    png = grid_png()
    page = page_of(story_of(grids=[(1000 * number, png) for number in range(20)]), figures={})
    assert len(pictures_of(page, "Synthetic faces")) == MOST_GRIDS
    assert "Before training." in page.text
    assert "After 19,000 photos." in page.text
    assert "14 more grids were kept on the way" in page.text


def test_wide_grids_are_shrunk_and_small_ones_kept():
    page = page_of(story_of(grids=[(0, grid_png(side=512)), (1, grid_png(side=64))]), figures={})
    wide, small = pictures_of(page, "Synthetic faces")
    assert wide.width == 1000
    assert small.size == (4 * 66 + 2, 2 * 66 + 2)


def test_curves_are_drawn_of_what_is_there():
    drawn = finetuning_figures(story_of())
    assert list(drawn) == ["kernel", "frechet", "overfitting", "losses", "slope", "path"]
    for figure in drawn.values():
        assert Image.open(io.BytesIO(figure.png)).mode == "RGB"
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
    some = [{"images": 1.0, "loss_generator": 1.0, "r1": float("nan")}, {"images": 2.0, "loss_generator": float("nan")}]
    assert list(finetuning_figures(story_of(curve=some))) == ["losses"]
    assert finetuning_figures(story_of(curve=[])) == {}


def test_lines_hold_the_numbers_of_the_curve(monkeypatch):
    kept = {}
    monkeypatch.setattr(drawing, "png_of", lambda figure: kept.setdefault(len(kept), figure) and b"")
    story = story_of()
    axes = dict(zip(finetuning_figures(story), (figure.axes[0] for figure in kept.values()), strict=True))
    thousands, kernel = axes["kernel"].lines[0].get_data()
    assert list(thousands) == [0, 20]
    assert list(kernel) == [0.5, 0.05]
    intervals = axes["kernel"].collections[0].get_segments()
    assert [[float(y) for _, y in segment] for segment in intervals] == [[0.4, 0.6], [0.03, 0.07]]
    sign, probability, target = axes["overfitting"].lines
    assert list(sign.get_ydata())[::19] == [0.3, 0.6]
    assert set(probability.get_ydata()) == {0.2}
    assert set(target.get_ydata()) == {0.6}
    assert axes["losses"].get_ylim()[0] == 0


@pytest.mark.parametrize(
    "curve",
    [
        curve_of(),
        [{"images": 32.0, "loss_generator": 0.0, "r1": 0.0, "sign_on_photos": -1.0}],
        [{"images": 3e7, "kernel": 1e-6, "kernel_low": -1e-6, "kernel_high": 2e-6, "path_length": 1e5}],
        curve_of(kernels=((0.5, 0.4, 0.6),) * 40),
    ],
    ids=["usual", "one record", "extremes", "many measurements"],
)
def test_no_text_runs_off_a_figure_and_none_is_cut(curve, monkeypatch):
    figures = []
    monkeypatch.setattr(drawing, "png_of", lambda figure: figures.append(figure) or b"")
    finetuning_figures(story_of(curve=curve, demonstration=True))
    assert figures
    for figure in figures:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        beyond = labels_beyond(figure.axes[0])
        for text in figure.findobj(Text):
            if not text.get_text() or not text.get_visible() or text in beyond:
                continue
            box = text.get_window_extent(canvas.get_renderer())
            assert box.x0 >= 0, text
            assert box.x1 <= width, text
            assert box.y0 >= 0, text
            assert box.y1 <= height, text
            assert "…" not in text.get_text()


@pytest.mark.parametrize("bare", [False, True], ids=["hostile", "bare"])
def test_the_page_runs_nothing_and_loads_nothing(bare):
    story = story_of(
        name=HOSTILE,
        options={HOSTILE: HOSTILE},
        metrics={HOSTILE: Metric(1, 1, 1, 1, HOSTILE)},
        warnings=[HOSTILE],
        facts={HOSTILE: HOSTILE},
        versions={HOSTILE: HOSTILE},
        distances_by=HOSTILE,
    )
    if bare:
        story = replace(story, curve=[], grids=[], metrics={}, options={}, facts={}, versions={})
    page = page_of(story)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "form"}
    assert HOSTILE in page.text
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("src", "data:").startswith("data:")
        assert "href" not in attributes
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:")
