"""The patient's risk in words, and the lesions in a table."""

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.lesion_words import explanation, headline, percentile_note, survival_rows, why_no_survival
from prognosis.report.wording import by_rank, not_scored, shows_percentiles
from prognosis_slicer.panels.looks import HINT, show_text
from prognosis_slicer.panels.sorted_table import Cell, Column, Row, SortedTable
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.scene.risk_colours import Quantity, colour_of

_NONE = "–"
_MM3_A_ML = 1000.0
_FLAG = "--show-demonstration-numbers"


class ResultsView:
    """Shows a result.

    Args:
        widget: The module's screen.
        on_lesion: Called with a lesion's label when its row is chosen.
    """

    def __init__(self, widget, on_lesion: Callable[[int], None]) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._table = SortedTable(self.ui.lesionTable, _columns(), on_lesion)
        self.ui.staleLabel.styleSheet = HINT
        self.ui.demonstrationNumbersLabel.styleSheet = HINT
        self._shown: tuple[ScoredPatient, Quantity] | None = None
        self.show(None)

    def show(self, record: ResultRecord | None, quantity: Quantity = Quantity.RISK) -> None:
        """Show a result; None when there is none."""
        patient = record.patient if record is not None else None
        shown = (patient, quantity) if patient is not None else None
        if shown is not None and shown == self._shown:
            return
        self._shown = shown
        self.ui.headlineLabel.text = headline(patient) + "." if patient else _("Nothing was scored yet.")
        show_text(self.ui.explanationLabel, explanation(patient) if patient else "")
        show_text(self.ui.survivalLabel, _survival(patient) if patient else "")
        show_text(self.ui.warningsLabel, "\n".join(f"• {each}" for each in _warnings(patient)) if patient else "")
        self.ui.lesionTable.visible = patient is not None
        self._table.show(*(_rows(patient, quantity), _empty_columns(patient)) if patient else ((),))

    def select(self, label: int | None) -> None:
        """Mark the row of a lesion."""
        self._table.choose(label)

    def warn_of_change(self, *, changed: bool) -> None:
        """Say whether the results are of other inputs than the panel shows."""
        text = _("These results are of another CT, other segments, or lesions as they were before. Score again.")
        show_text(self.ui.staleLabel, text if changed else "")

    def offer_demonstration_numbers(self, *, demonstration: bool, asked: bool, enabled: bool) -> None:
        """Let percentiles and curves of a demonstration model be asked for, with what that means."""
        self.ui.demonstrationNumbersCheckBox.visible = demonstration
        self.ui.demonstrationNumbersCheckBox.enabled = enabled
        text = _("They say nothing about a patient. The next Score shows them, watermarked.")
        show_text(self.ui.demonstrationNumbersLabel, text if demonstration and asked else "")


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("#"), _("Rank: 1 has the highest risk.")),
        Column(_("Lesion"), _("Name of the segment, with the colour of its risk.")),
        Column(_("Risk\nr"), _("In standard deviations over the lesions the model was trained on.")),
        Column(_("Percen-\ntile"), _("Of the risk among training lesions.")),
        Column(_("Contrib.\nr × s"), _("Contribution: what the lesion adds to the patient's risk.")),
        Column(_("Scale\ns"), _("Weight of the lesion by its size; 1 on average over training lesions.")),
        Column(_("Organ"), _("Organ the lesion lies in.")),
        Column(_("Volume\nml"), _("Volume of the lesion.")),
        Column(_("Longest\nmm"), _("Longest diameter on an axial slice.")),
    )


_PERCENTILE, _ORGAN = 3, 6


def _empty_columns(patient: ScoredPatient) -> list[int]:
    organs = any(lesion.organ for lesion in patient.lesions)
    return [_ORGAN] * (not organs) + [_PERCENTILE] * (not shows_percentiles(patient))


def _rows(patient: ScoredPatient, quantity: Quantity) -> list[Row]:
    return [_row(lesion, quantity) for lesion in (*by_rank(patient), *not_scored(patient))]


def _row(lesion: ScoredLesion, quantity: Quantity) -> Row:
    red, green, blue = (round(255 * part) for part in colour_of(lesion, quantity))
    cells = (
        Cell(_NONE if lesion.rank is None else str(lesion.rank), lesion.rank),
        Cell(lesion.name, lesion.name.casefold(), (red, green, blue)),
        _number(lesion.risk),
        _number(lesion.percentile, 0),
        _number(lesion.contribution),
        _number(lesion.scale),
        Cell(lesion.organ or _NONE, lesion.organ or "\uffff"),
        _number(lesion.volume_mm3 / _MM3_A_ML),
        _number(lesion.longest_diameter_mm, 1),
    )
    return Row(lesion.label, cells, tip="; ".join(lesion.flags), grey=lesion.rank is None)


def _number(value: float | None, digits: int = 2) -> Cell:
    return Cell(_NONE if value is None else f"{value:.{digits}f}", value)


def _survival(patient: ScoredPatient) -> str:
    rows = survival_rows(patient)
    if not rows:
        return why_no_survival(patient)
    mark = f"{patient.watermark}: " if patient.watermark else ""
    return mark + _("predicted survival {rows}.").format(rows="; ".join(f"{when} {share}" for when, share in rows))


def _warnings(patient: ScoredPatient) -> list[str]:
    warnings = [warning.replace(_FLAG, _("the check box below")) for warning in patient.warnings]
    return [*filter(None, [percentile_note(patient)]), *warnings]
