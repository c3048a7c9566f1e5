"""All figures of a selection, each as PNG and SVG, with what it shows in words."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from prognosis.biomarkers.selection.results import SelectionStudy
from prognosis.report.canvas import png_of
from prognosis.report.selection_study.combinations import combination_figure
from prognosis.report.selection_study.histograms import histogram_figure
from prognosis.report.selection_study.inclusion import inclusion_figure
from prognosis.report.survival_study.canvas import svg_of
from prognosis.report.survival_study.figures import StudyFigure


def selection_figures(study: SelectionStudy) -> Mapping[str, StudyFigure]:
    """Draw a selection.

    Returns:
        Name of a file without its ending -> figure: 'p_values', 'endpoints', 'inclusion_ct', 'inclusion_pet'.
    """
    rounds = f"{study.options.permutations} permutations of the outcomes"
    drawn = {
        "p_values": _drawn("p_values", f"Histograms of p-values beside those of {rounds}", histogram_figure(study))
    }
    if len(study.endpoints) > 1:
        drawn["endpoints"] = _drawn(
            "endpoints",
            f"Features with p < 0.05 at exactly the endpoints marked by dots, beside {rounds}; counts outside of the "
            "band are bold",
            combination_figure(study),
        )
    for tests in study.tests:
        drawn[f"inclusion_{tests.modality}"] = _drawn(
            "inclusion",
            f"How often resamples include the {tests.modality.shown} features chosen for each endpoint",
            inclusion_figure(study, tests.modality),
        )
    return drawn


def _drawn(section: str, shows: str, figure: Figure) -> StudyFigure:
    return StudyFigure(section, shows, png_of(figure), svg_of(figure))
