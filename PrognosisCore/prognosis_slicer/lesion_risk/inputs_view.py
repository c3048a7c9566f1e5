"""The section 'Inputs': which segments are ticked, and what can be chosen while lesions are scored."""

import slicer
from slicer.i18n import tr as _

from prognosis_slicer.lesion_risk import inputs
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.panels.check_list import CheckList, Entry


class InputsView:
    """CT, lesions and organs follow the parameters by themselves; the segments are shown here.

    Args:
        widget: The module's screen.
    """

    def __init__(self, widget) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._parameters: LesionRiskParameters | None = None
        self._segments = CheckList(self.ui.segmentList, self._ticked)
        self.ui.allSegmentsButton.connect("clicked()", self._tick_all)
        self.ui.noSegmentsButton.connect("clicked()", self._tick_none)

    def show(self, parameters: LesionRiskParameters | None, *, busy: bool) -> None:
        """Show the choices; none can be changed while lesions are scored."""
        self._parameters = parameters
        usable = parameters is not None and not busy
        for choice in (
            self.ui.imageSelector,
            self.ui.lesionsSelector,
            self.ui.organsSelector,
            self.ui.splitCheckBox,
            self.ui.segmentList,
            self.ui.allSegmentsButton,
            self.ui.noSegmentsButton,
        ):
            choice.enabled = usable
        self.ui.smallestIslandSpinBox.enabled = usable and parameters.split_islands
        entries = _entries(parameters)
        self._segments.show(entries)
        self.ui.segmentCountLabel.text = _("{ticked} of {all}").format(
            ticked=sum(entry.ticked for entry in entries), all=len(entries)
        )

    def _ticked(self, decided: dict[str, bool]) -> None:
        if self._parameters is not None:
            inputs.tick(self._parameters, decided)

    def _tick_all(self) -> None:
        self._segments.tick_all(True)

    def _tick_none(self) -> None:
        self._segments.tick_all(False)


def _entries(parameters: LesionRiskParameters | None) -> list[Entry]:
    if parameters is None or parameters.lesions is None:
        return []
    segmentation = parameters.lesions.GetSegmentation()
    entries = []
    for segment_id, ticked in inputs.ticks(parameters).items():
        segment = segmentation.GetSegment(segment_id)
        red, green, blue = (round(255 * part) for part in segment.GetColor())
        entries.append(Entry(segment_id, segment.GetName(), (red, green, blue), ticked))
    return entries
