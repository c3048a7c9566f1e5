"""All figures of a study, each as PNG and SVG, with what it shows in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from prognosis.report.canvas import png_of
from prognosis.report.survival_study.calibration import calibration_figure
from prognosis.report.survival_study.canvas import LineStyle, model_style, svg_of
from prognosis.report.survival_study.curves import overall_figure, risk_groups_figure
from prognosis.report.survival_study.decision import decision_figure
from prognosis.report.survival_study.flow import flow_figure
from prognosis.report.survival_study.forest import brier_figure, discrimination_figure
from prognosis.report.survival_study.words import judged_models, reference_model, years_words
from prognosis.survival.evaluation.study_results import ModelResult, Study


@dataclass(frozen=True)
class StudyFigure:
    """A drawn figure.

    Args:
        section: Where it belongs: 'flow', 'overall', 'discrimination', 'brier', 'risk_groups', 'calibration' or
            'decision'.
        shows: What it shows, in a few words.
        png: For screens.
        svg: For print; its text is text.
    """

    section: str
    shows: str
    png: bytes
    svg: bytes


def study_figures(study: Study) -> Mapping[str, StudyFigure]:
    """Draw whatever a study has numbers for.

    Returns:
        Name of a file without its ending -> figure: 'flow', 'overall', 'discrimination', 'brier',
        'risk_groups_<model>', 'calibration_<model>_<years>y', 'decision_<years>y'.
    """
    styled = [(model, model_style(number)) for number, model in enumerate(judged_models(study))]
    drawn: dict[str, StudyFigure] = {}
    if study.flow:
        drawn["flow"] = _drawn("flow", "Patients from the table to the test", flow_figure(study.flow))
    drawn["overall"] = _drawn(
        "overall", "Kaplan-Meier curve of all tested patients with its 95 % interval", overall_figure(study)
    )
    return {
        **drawn,
        **_metric_figures(study, styled),
        **_risk_group_figures(study),
        **_calibration_figures(study, styled),
        **_decision_figures(study, styled),
    }


def _metric_figures(study: Study, styled: Sequence[tuple[ModelResult, LineStyle]]) -> dict[str, StudyFigure]:
    order = ["c_index", "ipcw_c_index", *(f"auc_{year}y" for year in study.horizons_years)]
    error = [*(f"brier_{year}y" for year in study.horizons_years), "integrated_brier"]
    having = {name for model, _ in styled for name in model.metrics}
    drawn = {}
    if having.intersection(order):
        drawn["discrimination"] = _drawn(
            "discrimination",
            "How well each model orders patients; small dots are its training seeds",
            discrimination_figure(styled, order),
        )
    if having.intersection(error):
        drawn["brier"] = _drawn(
            "brier",
            "Brier scores beside those of the Kaplan-Meier curve; small dots are training seeds",
            brier_figure(styled, error, reference_model(study)),
        )
    return drawn


def _risk_group_figures(study: Study) -> dict[str, StudyFigure]:
    return {
        f"risk_groups_{model.name}": _drawn(
            "risk_groups",
            f"Kaplan-Meier curves of the risk groups of {model.title} with 95 % intervals and numbers at risk",
            risk_groups_figure(study, model),
        )
        for model in judged_models(study)
        if model.risk_groups
    }


def _calibration_figures(study: Study, styled: Sequence[tuple[ModelResult, LineStyle]]) -> dict[str, StudyFigure]:
    drawn = {}
    for year in study.horizons_years:
        having = [(model, style) for model, style in styled if model.calibration.get(year)]
        for model, style in having:
            drawn[f"calibration_{model.name}_{year}y"] = _drawn(
                "calibration",
                f"{model.title}: predicted and observed share of patients with the event within {years_words(year)}",
                calibration_figure(model, year, style, [one for one, _ in having]),
            )
    return drawn


def _decision_figures(study: Study, styled: Sequence[tuple[ModelResult, LineStyle]]) -> dict[str, StudyFigure]:
    drawn = {}
    for year in study.horizons_years:
        having = [(model, style) for model, style in styled if year in model.decision]
        if having:
            drawn[f"decision_{year}y"] = _drawn(
                "decision",
                f"Net benefit of acting on a predicted event within {years_words(year)}",
                decision_figure(having, year),
            )
    return drawn


def _drawn(section: str, shows: str, figure: Figure) -> StudyFigure:
    return StudyFigure(section, shows, png_of(figure), svg_of(figure))
