"""The figures of a study as a reader sees them."""

import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_studies import NAN, hostile_study, make_study, small_study
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from prognosis.report.survival_study.calibration import calibration_figure, spread
from prognosis.report.survival_study.canvas import group_style, model_style, time_axis
from prognosis.report.survival_study.curves import at_risk, overall_figure, risk_groups_figure
from prognosis.report.survival_study.decision import decision_figure
from prognosis.report.survival_study.figures import study_figures
from prognosis.report.survival_study.flow import boxes_of, flow_figure
from prognosis.report.survival_study.forest import brier_figure, discrimination_figure
from prognosis.survival.curves import CalibrationGroup, DecisionCurve
from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import FlowStep
from prognosis.survival.metrics.kaplan_meier import kaplan_meier

NOTICE = "Research use only. Not for diagnosis or treatment."


def texts_of(figure):
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def words_of(figure):
    return [text.get_text() for text in texts_of(figure)]


def all_figures(study):
    """Every figure of a study, for looking into what `study_figures` draws."""
    judged = [model for model in study.models if "c_index" in model.metrics]
    styled = [(model, model_style(number)) for number, model in enumerate(judged)]
    metrics = list(dict.fromkeys(name for model in study.models for name in model.metrics))
    order = [name for name in metrics if name.startswith(("c_index", "ipcw", "auc"))]
    error = [name for name in metrics if name.startswith(("brier", "integrated"))]
    yield overall_figure(study)
    yield flow_figure(study.flow)
    yield discrimination_figure(styled, order)
    yield brier_figure(styled, error, study.models[0])
    for model, style in styled:
        yield risk_groups_figure(study, model)
        for year in study.horizons_years:
            yield calibration_figure(model, year, style, judged)
    for year in study.horizons_years:
        yield decision_figure(styled, year)


def test_a_study_has_all_its_figures():
    figures = study_figures(make_study())
    assert set(figures) == {
        "flow", "overall", "discrimination", "brier", "risk_groups_coxph", "risk_groups_deepsurv",
        *(f"calibration_{model}_{year}y" for model in ("coxph", "deepsurv") for year in (1, 3, 5)),
        *(f"decision_{year}y" for year in (1, 3, 5)),
    }  # fmt: skip
    for figure in figures.values():
        assert Image.open(io.BytesIO(figure.png)).mode == "RGB"
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
        assert NOTICE in figure.svg.decode()


def test_a_small_study_has_those_it_has_numbers_for():
    assert set(study_figures(small_study())) == {"flow", "overall", "discrimination", "brier", "risk_groups_coxph"}


def test_drawing_twice_gives_the_same_bytes():
    study = small_study()
    assert study_figures(study) == study_figures(study)
    assert b"<dc:date>" not in study_figures(study)["overall"].svg


@pytest.mark.parametrize("study", [make_study(), small_study(), hostile_study()], ids=["plain", "small", "hostile"])
def test_no_text_leaves_its_page_or_lies_on_another(study):
    for figure in all_figures(study):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts_of(figure)]
        for number, (words, box) in enumerate(boxes):
            assert box.x0 >= 0, words
            assert box.y0 >= 0, words
            assert box.x1 <= figure.bbox.x1, words
            assert box.y1 <= figure.bbox.y1, words
            clashes = [other for other, its in boxes[number + 1 :] if box.padded(-1.5).overlaps(its.padded(-1.5))]
            assert not clashes, (words, clashes)


def test_names_are_drawn_as_they_are():
    svg = study_figures(hostile_study())["risk_groups_coxph"].svg.decode()
    assert "_$x^{2}$ &lt;/td&gt;&lt;script&gt;" in svg
    assert "<script>" not in svg


def test_numbers_at_risk_are_those_followed_to_each_time():
    generator = np.random.default_rng(3)
    time, event = np.ceil(generator.exponential(30, 80)), generator.random(80) < 0.5
    days = np.arange(0, time.max() + 20, 5.0)
    assert at_risk(kaplan_meier(time, event), days) == [int((time >= day).sum()) for day in days]


def test_numbers_at_risk_stand_below_their_ticks():
    study = make_study()
    figure = risk_groups_figure(study, study.models[1])
    (axes,) = figure.axes
    FigureCanvasAgg(figure).draw()
    high = study.models[1].risk_groups["high risk"]
    (label,) = [text for text in texts_of(figure) if text.get_text() == "high risk"]
    row = [text for text in texts_of(figure) if text is not label and text.get_position()[1] == label.get_position()[1]]
    ticks = axes.get_xticks()
    assert [int(text.get_text()) for text in row] == at_risk(high, ticks * 365.25)
    across = [axes.transData.transform((tick, 0))[0] / figure.bbox.width for tick in ticks]
    assert [text.get_position()[0] for text in row] == pytest.approx(across)


def test_curves_are_kaplan_meiers_and_named_with_their_counts():
    study = make_study()
    figure = risk_groups_figure(study, study.models[1])
    (axes,) = figure.axes
    drawn = [line.get_ydata() for line in axes.lines]
    for number, curve in enumerate(study.models[1].risk_groups.values()):
        assert drawn[number] == pytest.approx(100 * curve.survival)
    low = study.models[1].risk_groups["low risk"]
    assert f"low risk: {low.patients} patients, {low.events} events" in words_of(figure)
    assert axes.get_ylim()[0] == 0
    assert not [word for word in words_of(figure) if "p =" in word or "log-rank" in word]


@pytest.mark.parametrize(
    ("days", "unit", "ticks"),
    [
        (90.0, "days", [0, 15, 30, 45, 60, 75, 90]),
        (364.0, "days", [0, 60, 120, 180, 240, 300, 360]),
        (366.0, "years", [0, 0.25, 0.5, 0.75, 1]),
        (7 * 365.25, "years", [0, 1, 2, 3, 4, 5, 6, 7]),
        (40 * 365.25, "years", [0, 5, 10, 15, 20, 25, 30, 35, 40]),
        (1.0, "days", [0, 1]),
        (0.0, "days", [0, 1]),
    ],
)
def test_time_is_shown_in_years_or_days(days, unit, ticks):
    axis = time_axis(days)
    assert axis.unit == unit
    assert axis.ticks == pytest.approx(ticks)


@pytest.mark.parametrize("groups", [2, 3, 4, 5])
def test_risk_groups_run_from_blue_to_red_and_never_look_alike(groups):
    colours = [to_rgb(group_style(number, groups).colour) for number in range(groups)]
    assert colours[0][2] > 2 * colours[0][0]
    assert colours[-1][0] > 2 * colours[-1][2]
    blues = [blue - red for red, _, blue in colours]
    assert all(blue > 0 for blue in blues[: groups // 2])
    assert all(blue < 0 for blue in blues[-(groups // 2) :])
    reds = [red for red, _, _ in colours]
    assert max(reds[: groups // 2]) < min(reds[-(groups // 2) :])
    assert len({group_style(number, groups).dashes for number in range(groups)}) == groups


def test_calibration_shows_predicted_against_observed_on_like_axes():
    study = make_study()
    cox, deepsurv = study.models[1:]
    first, second = (calibration_figure(model, 3, model_style(0), [cox, deepsurv]).axes[0] for model in (cox, deepsurv))
    assert first.get_xlim() == first.get_ylim() == second.get_xlim() == second.get_ylim()
    dots = [line for line in first.lines if line.get_marker() == "o"]
    expected = [(group.predicted, group.observed.value) for group in cox.calibration[3]]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == expected
    bars = [tuple(line.get_ydata()) for line in first.lines if line.get_linewidth() == 2]
    assert bars == [(group.observed.low, group.observed.high) for group in cox.calibration[3]]


def test_a_calibration_group_without_interval_has_no_bar_and_one_not_followed_no_dot():
    study = make_study()
    groups = (
        CalibrationGroup(0.05, Estimate(0.0, NAN, NAN), 7),
        CalibrationGroup(0.06, Estimate(NAN, NAN, NAN), 8),
        CalibrationGroup(0.4, Estimate(0.3, 0.2, 0.5), 9),
    )
    model = replace(study.models[1], calibration={1: groups})
    figure = calibration_figure(model, 1, model_style(0), [model])
    lines = figure.axes[0].lines
    assert len([line for line in lines if line.get_linewidth() == 2]) == 1
    dots = [line for line in lines if line.get_marker() == "o" and np.isfinite(line.get_ydata()).all()]
    assert len(dots) == 2
    assert {"7", "8", "9"} <= set(words_of(figure))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_labels_are_spread_in_order_within_bounds_and_no_farther_than_needed(places):
    moved = spread(places, 0.05, low=0.0, high=1.0)
    order = np.argsort(places, kind="stable")
    assert min(moved) >= -1e-9
    assert max(moved) <= 1 + 1e-9
    assert (np.diff(np.array(moved)[order]) >= 0.05 - 1e-9).all()
    if (np.diff(np.array(places)[order]) >= 0.05).all():
        assert moved == pytest.approx(places)


def test_more_labels_than_fit_are_spread_evenly():
    assert spread([0.5] * 5, 0.5, low=0.0, high=1.0) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


def test_decision_curves_cut_what_is_far_below_nobody():
    study = make_study()
    styled = [(model, model_style(number)) for number, model in enumerate(study.models[1:])]
    (axes,) = decision_figure(styled, 3).axes
    bottom, top = axes.get_ylim()
    reached = max(np.nanmax(model.decision[3].net_benefit) for model, _ in styled)
    assert min(np.nanmin(model.decision[3].act_on_all) for model, _ in styled) < 10 * bottom
    assert reached < top < 1.2 * reached
    assert -0.25 * top < bottom < 0
    assert {"act on everybody", "act on nobody", "Cox (ridge)", "DeepSurv"} <= set(words_of(decision_figure(styled, 3)))


def test_decision_curves_end_where_nobody_is_acted_on():
    thresholds = np.arange(1, 100) / 100
    benefit = np.where(thresholds < 0.25, 0.1, 0.0)
    model = replace(make_study().models[1], decision={1: DecisionCurve(thresholds, benefit, 0.1 - thresholds)})
    assert decision_figure([(model, model_style(0))], 1).axes[0].get_xlim() == pytest.approx((0, 30))


def test_a_decision_curve_that_could_not_be_had_leaves_an_empty_frame():
    nothing = np.full(99, NAN)
    model = replace(make_study().models[1], decision={1: DecisionCurve(np.arange(1, 100) / 100, nothing, nothing)})
    (axes,) = decision_figure([(model, model_style(0))], 1).axes
    assert np.isfinite(axes.get_ylim()).all()


def test_the_forest_shows_estimates_intervals_seeds_and_chance():
    study = make_study()
    styled = [(model, model_style(number)) for number, model in enumerate(study.models[1:])]
    figure = discrimination_figure(styled, ["c_index", "ipcw_c_index", "auc_9y"])
    (axes,) = figure.axes
    squares = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "s"]
    assert sorted(squares) == pytest.approx(sorted([0.741, 0.684, 0.731, 0.674]))
    seeds = [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    assert sorted(seeds) == [0, 0, 3, 3]
    low, high = axes.get_xlim()
    assert low < 0.5 < 0.771 < high <= 1
    assert "0.741 (0.701 to 0.771)" in words_of(figure)
    assert "AUC at 9 years" not in words_of(figure)
    (chance,) = [text for text in texts_of(figure) if text.get_text() == "chance"]
    FigureCanvasAgg(figure).draw()
    assert chance.get_position()[0] == pytest.approx(axes.transData.transform((0.5, 0))[0] / figure.bbox.width)


def test_brier_scores_stand_against_the_line_of_kaplan_meier():
    study = make_study()
    styled = [(model, model_style(number)) for number, model in enumerate(study.models[1:])]
    (axes,) = brier_figure(styled, ["brier_1y", "integrated_brier"], study.models[0]).axes
    lines = [line.get_xdata()[0] for line in axes.lines if line.is_dashed()]
    assert sorted(lines) == pytest.approx([0.14, 0.19])


TABLE, HALVES = FlowStep("rows", 10, 4), (FlowStep("train", 6, 3), FlowStep("test", 4, 1))


def test_a_split_is_drawn_as_parts_of_what_is_split():
    boxes = boxes_of([FlowStep("all rows", 12, 5), TABLE, *HALVES])
    assert [(box.parent, box.part, box.lost) for box in boxes] == [
        (None, False, 0), (0, False, 2), (1, True, 0), (1, True, 0),
    ]  # fmt: skip
    assert "2 left out" in words_of(flow_figure([FlowStep("all rows", 12, 5), TABLE, *HALVES]))


@pytest.mark.parametrize(
    "following",
    [
        pytest.param([FlowStep("train", 6, 2), FlowStep("test", 4, 1)], id="events are missing"),
        pytest.param([FlowStep("analysed", 10, 4)], id="a single step is no split"),
        pytest.param([FlowStep("train", 6, 3), FlowStep("test", 3, 1)], id="a patient is missing"),
    ],
)
def test_steps_that_do_not_add_up_follow_one_another(following):
    assert not any(box.part for box in boxes_of([TABLE, *following]))


def test_a_larger_box_comes_from_nowhere():
    assert boxes_of([TABLE, FlowStep("another cohort", 50, 20)])[1].parent is None
