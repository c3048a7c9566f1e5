"""The report of a selection: a single HTML file that needs nothing else."""

from collections.abc import Mapping

from prognosis.biomarkers.selection.conventional import CORRELATED
from prognosis.biomarkers.selection.describing import NO_PROOF
from prognosis.biomarkers.selection.options import SHOWN_INCLUSION
from prognosis.biomarkers.selection.results import SelectionStudy
from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.selection_study.rows import (
    chosen_rows,
    conventional_rows,
    count_rows,
    headlines,
    network_rows,
    penalty_note,
)
from prognosis.report.selection_study.words import mark
from prognosis.report.survival_study.figures import StudyFigure
from prognosis.report.wording import RESEARCH_USE


def render_selection_report(study: SelectionStudy, figures: Mapping[str, StudyFigure]) -> str:
    """Render a selection as HTML that loads nothing from elsewhere and runs no script.

    Args:
        study: What a selection yielded.
        figures: From `selection_figures`; any may be missing.
    """
    return page_template("selection_study.html", tight=True).render(
        study=study,
        research_use=RESEARCH_USE,
        statement=NO_PROOF,
        mark=mark(study),
        headlines=headlines(study),
        counts=count_rows(study),
        chosen=chosen_rows(study),
        conventional=conventional_rows(study),
        networks=network_rows(study),
        penalty_note=penalty_note(study),
        line=SHOWN_INCLUSION,
        correlated=CORRELATED,
        pictures=_by_section(figures),
    )


def _by_section(figures: Mapping[str, StudyFigure]) -> dict[str, list[tuple[str, str]]]:
    """Section -> (data address, what it shows) of each figure."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for figure in figures.values():
        address = embedded_png(figure.png)
        sections.setdefault(figure.section, []).append((address, figure.shows))
    return sections
