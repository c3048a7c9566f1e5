"""The report of an evaluation: a single HTML file that needs nothing else."""

from collections.abc import Mapping

from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.survival_study.figures import StudyFigure
from prognosis.report.survival_study.rows import (
    chosen_rows,
    comparison_rows,
    duration,
    headlines,
    horizons,
    metric_tables,
    smallest_p,
)
from prognosis.report.survival_study.words import judged_models
from prognosis.report.wording import RESEARCH_USE
from prognosis.survival.evaluation.study_results import Study


def render_survival_report(study: Study, figures: Mapping[str, StudyFigure]) -> str:
    """Render a study as HTML that loads nothing from elsewhere and runs no script.

    Args:
        study: What an evaluation yielded.
        figures: From `study_figures`; any may be missing.
    """
    return page_template("survival_study.html", tight=True).render(
        study=study,
        research_use=RESEARCH_USE,
        judged=judged_models(study),
        headlines=headlines(study),
        metric_tables=metric_tables(study),
        comparisons=comparison_rows(study),
        smallest_p=smallest_p(study),
        chosen=chosen_rows(study),
        median_follow_up=duration(study.median_follow_up_days),
        tau=duration(study.tau_days),
        horizons=horizons(study),
        seeded=any(model.over_seeds for model in study.models),
        pictures=_by_section(figures),
    )


def _by_section(figures: Mapping[str, StudyFigure]) -> dict[str, list[tuple[str, str]]]:
    """Section -> (data address, what it shows) of each figure."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for figure in figures.values():
        address = embedded_png(figure.png)
        sections.setdefault(figure.section, []).append((address, figure.shows))
    return sections
