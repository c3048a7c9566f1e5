"""The report of a baseline beside its follow-up: a single HTML file that needs nothing else."""

from collections.abc import Mapping

from prognosis.biomarkers.following.results import FollowedUp
from prognosis.report.followup.words import explanation, figure_rows, headline, overlap_words, registration_rows
from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE


def render_followup_report(
    followed: FollowedUp, *, overlay_png: bytes, inputs: Mapping[str, str], versions: Mapping[str, str], created: str
) -> str:
    """Render the report as HTML that loads nothing from elsewhere and runs no script.

    Args:
        followed: What was found.
        overlay_png: The picture.
        inputs: What was compared, name -> text.
        versions: Program and libraries, name -> text.
        created: When the result was made.
    """
    return page_template("followup_report.html").render(
        baseline=followed.baseline,
        model=followed.baseline.model,
        options=followed.options,
        warnings=followed.warnings,
        research_use=RESEARCH_USE,
        demonstration=DEMONSTRATION,
        headline=headline(followed),
        explanation=explanation(followed),
        figures=figure_rows(followed),
        overlap_words=overlap_words(followed),
        registration=registration_rows(followed),
        overlay=embedded_png(overlay_png),
        inputs=inputs,
        versions=versions,
        created=created,
    )
