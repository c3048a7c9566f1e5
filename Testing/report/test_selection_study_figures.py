"""The figures of a selection as a reader sees them."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from making_selections import hostile_selection, make_selection
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from prognosis.biomarkers.modality import Modality
from prognosis.report.selection_study.combinations import combination_figure
from prognosis.report.selection_study.figures import selection_figures
from prognosis.report.selection_study.histograms import histogram_figure
from prognosis.report.selection_study.inclusion import inclusion_figure
from prognosis.report.selection_study.words import HIGHER, LOWER

NOTICE = "Research use only. Not for diagnosis or treatment."
MARK = "DEMONSTRATION NETWORKS · SIMULATED PATIENTS"
CASES = {
    "four endpoints": make_selection(),
    "three endpoints": make_selection(endpoints=3),
    "two endpoints, few chosen": make_selection(endpoints=2, top=3, chance=False),
    "one endpoint, none chosen": make_selection(endpoints=1, top=0),
    "hostile": hostile_selection(),
}


def figures_of(study):
    yield histogram_figure(study)
    if len(study.endpoints) > 1:
        yield combination_figure(study)
    for tests in study.tests:
        yield inclusion_figure(study, tests.modality)


def words_of(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def test_a_selection_has_its_figures():
    figures = selection_figures(make_selection())
    assert set(figures) == {"p_values", "endpoints", "inclusion_ct", "inclusion_pet"}
    for figure in figures.values():
        assert Image.open(io.BytesIO(figure.png)).mode == "RGB"
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
        assert NOTICE in figure.svg.decode()
        assert "DEMONSTRATION" not in figure.svg.decode()


def test_intersections_need_two_endpoints():
    assert "endpoints" not in selection_figures(CASES["one endpoint, none chosen"])


@pytest.mark.parametrize("study", CASES.values(), ids=CASES)
def test_no_text_runs_off_the_page_and_none_is_cut(study):
    for figure in figures_of(study):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        width, height = canvas.get_width_height()
        for text in figure.findobj(Text):
            if not text.get_text() or not text.get_visible():
                continue
            box = text.get_window_extent(canvas.get_renderer())
            assert box.x0 >= 0, text
            assert box.x1 <= width, text
            assert box.y0 >= 0, text
            assert box.y1 <= height, text
            assert "…" not in text.get_text()


def test_every_figure_of_simulated_patients_or_demonstrations_is_marked():
    for figure in figures_of(hostile_selection()):
        assert MARK in words_of(figure)


def test_histograms_show_counts_and_band():
    study = make_selection()
    figure = histogram_figure(study)
    assert len(figure.axes) == 8
    words = " ".join(words_of(figure))
    band = study.tests[0].significant[0]
    assert f"{band.observed:,.0f} below 0.05 (chance {band.low:,.0f} to {band.high:,.0f})" in words
    bars = figure.axes[0].patches[:20]
    assert [bar.get_height() for bar in bars] == study.tests[0].histogram[0].tolist()
    assert to_rgb(bars[0].get_facecolor()) == to_rgb(HIGHER) != to_rgb(bars[1].get_facecolor())
    assert figure.axes[0].get_ylim() == figure.axes[3].get_ylim()


def test_intersections_show_each_set_of_endpoints():
    study = make_selection(endpoints=3)
    figure = combination_figure(study)
    dots, bars = figure.axes[:2]
    joined = [line for line in dots.lines if line.get_linestyle() == "-"]
    assert [len(line.get_xdata()) for line in joined] == [1, 1, 1, 2, 2, 2, 3]
    observed = [bar.get_width() for bar in bars.patches[1::2]]
    assert observed == [one.features.observed for one in study.tests[0].combinations]
    everywhere = [text for text in figure.findobj(Text) if text.get_text() == "380"]
    assert [text.get_fontweight() for text in everywhere] == ["bold"]


def test_inclusion_names_features_and_colours_their_direction():
    study = make_selection()
    figure = inclusion_figure(study, Modality.PET)
    one = next(one for one in study.chosen if one.modality is Modality.PET)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(one.features)
    bars = axes.patches[-20:]
    np.testing.assert_allclose([bar.get_width() for bar in bars], one.inclusion)
    colours = [to_rgb(HIGHER if value > 0 else LOWER) for value in one.coefficient]
    assert [to_rgb(bar.get_facecolor()) for bar in bars] == colours
    assert any(list(line.get_xdata()) == [0.3, 0.3] for line in axes.lines)


def test_a_band_of_inclusion_is_shown_only_where_there_is_one():
    assert "their mean" in words_of(inclusion_figure(make_selection(), Modality.CT))
    assert "their mean" not in words_of(inclusion_figure(make_selection(chance=False), Modality.CT))
