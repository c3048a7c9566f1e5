"""The section 'Display'."""

from collections.abc import Callable

import slicer

from prognosis.report.wording import shows_percentiles
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.scene.lesion_results import selected_lesion
from prognosis_slicer.scene.result_record import ResultRecord


class DisplayView:
    """Most widgets follow the parameters by themselves; here is what depends on the result.

    Args:
        widget: The module's screen.
        on_quantity: Called with whether colours are to stand for the contribution.
        on_end_highlight: Called when all lesions are to be brought forward again.
        on_restore: Called when the results are to be taken away.
    """

    def __init__(
        self,
        widget,
        on_quantity: Callable[[bool], None],
        on_end_highlight: Callable[[], None],
        on_restore: Callable[[], None],
    ) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._on_quantity = on_quantity
        self.ui.riskColourButton.connect("clicked()", self._risk)
        self.ui.contributionColourButton.connect("clicked()", self._contribution)
        self.ui.endHighlightButton.connect("clicked()", on_end_highlight)
        self.ui.restoreButton.connect("clicked()", on_restore)

    def show(self, parameters: LesionRiskParameters | None, record: ResultRecord | None, *, busy: bool) -> None:
        """Show what is chosen; nothing can be chosen without a result."""
        there = parameters is not None and record is not None
        for choice in (
            self.ui.riskColourButton,
            self.ui.contributionColourButton,
            self.ui.labelMapCheckBox,
            self.ui.legendCheckBox,
        ):
            choice.enabled = there
        self.ui.endHighlightButton.enabled = there and selected_lesion(record) is not None
        self.ui.restoreButton.enabled = there and not busy
        self.ui.opacitySlider.enabled = there and parameters.show_label_map
        self.ui.percentileSlider.enabled = there and shows_percentiles(record.patient)
        if parameters is not None:
            self.ui.riskColourButton.checked = not parameters.colour_by_contribution
            self.ui.contributionColourButton.checked = parameters.colour_by_contribution

    def _risk(self) -> None:
        self._on_quantity(False)

    def _contribution(self) -> None:
        self._on_quantity(True)
