"""The module's screen: views around the parameters, the result in the scene, and the scoring that leads there."""

import contextlib
from collections.abc import Callable, Iterator

import slicer
from slicer.i18n import tr as _

from prognosis.errors import PrognosisError
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE
from prognosis_slicer.lesion_risk import display
from prognosis_slicer.lesion_risk.display_view import DisplayView
from prognosis_slicer.lesion_risk.export_view import ExportView
from prognosis_slicer.lesion_risk.inputs import Inputs, chosen_segments, inputs_of, stamp, suggest, what_is_missing
from prognosis_slicer.lesion_risk.inputs_view import InputsView
from prognosis_slicer.lesion_risk.models_view import ModelsView
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.lesion_risk.results import take_away, take_away_orphans
from prognosis_slicer.lesion_risk.results_view import ResultsView
from prognosis_slicer.lesion_risk.scoring import Scoring
from prognosis_slicer.lesion_risk.scoring_view import ScoringView
from prognosis_slicer.panels.looks import MARK, NOTICE, show_text
from prognosis_slicer.scene.lesion_results import find_result, highlight, jump_to, quantity_of, selected_lesion
from prognosis_slicer.scene.result_record import ResultRecord, Role

_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkSegmentation.SourceRepresentationModified,
)


class Screen(slicer.util.VTKObservationMixin):
    """Keeps no node but through the parameters: what is gone from the scene is gone from here.

    Args:
        widget: The module's screen, as its .ui file describes it.
        scoring: Scores.
        parameters: Gives the parameters of the scene as it is now.
    """

    def __init__(self, widget, scoring: Scoring, parameters: Callable[[], LesionRiskParameters]) -> None:
        super().__init__()
        self.ui = slicer.util.childWidgetVariables(widget)
        self._scoring = scoring
        self._parameters_of_scene = parameters
        self._parameters: LesionRiskParameters | None = None
        self._bound: int | None = None
        self._updating = False
        self._prepared = False
        self._asked: Inputs | None = None
        self._scored: tuple[str, Inputs, object] | None = None
        self.ui.noticeLabel.styleSheet = NOTICE
        self.ui.noticeLabel.text = RESEARCH_USE
        self.ui.demonstrationLabel.styleSheet = MARK
        self._inputs = InputsView(widget)
        self._models = ModelsView(widget, self._choose_model)
        self._score = ScoringView(widget, self.score, scoring.cancel)
        self._results = ResultsView(widget, self._jump)
        self._display = DisplayView(widget, self._colour_by_contribution, self._end_highlight, self._restore)
        self._export = ExportView(widget, self._record, self._score.fail)
        scene = slicer.mrmlScene
        self.addObserver(scene, slicer.vtkMRMLScene.StartCloseEvent, self._scene_closes)
        self.addObserver(scene, slicer.vtkMRMLScene.EndCloseEvent, self._scene_changed)
        self.addObserver(scene, slicer.vtkMRMLScene.StartImportEvent, self._scene_is_read)
        self.addObserver(scene, slicer.vtkMRMLScene.EndImportEvent, self._scene_changed)
        self.addObserver(scene, slicer.vtkMRMLScene.NodeRemovedEvent, self._node_removed)
        self._entered = False

    def enter(self) -> None:
        """The user sees the module from now on."""
        self._entered = True
        self._prepared = False
        self._models.find()
        self._bind()

    def exit(self) -> None:
        """The user sees another module; what is being scored goes on."""
        self._entered = False
        self._release()

    def close(self) -> None:
        """The screen goes for good."""
        self._release()
        self.removeObservers()
        self._scoring.close()

    def score(self) -> None:
        """Score what is chosen."""
        if self._scoring.busy or self._missing():
            return
        self._score.begin()
        try:
            with slicer.util.tryWithErrorDisplay(_("The lesions could not be handed over."), waitCursor=True):
                self._start()
        finally:
            if not self._scoring.busy:
                self._score.finish()

    def _start(self) -> None:
        """Start, or say why not; only a fault of the program gets further."""
        try:
            self._asked = inputs_of(self._parameters)
            self._scoring.start(self._asked, self)
        except PrognosisError as error:
            self.on_failed(error)
        else:
            self.update()

    def on_progress(self, step: str, done: int, total: int) -> None:
        self._score.advance(step, done, total)

    def on_scored(self, record: ResultRecord) -> None:
        self._score.finish()
        self._models.find()
        self._scored = (record.node.GetID(), self._asked, stamp(self._asked))
        self.ui.resultsSection.collapsed = False
        display.apply(self._parameters_of_scene(), record)
        self.update()

    def on_failed(self, error: PrognosisError) -> None:
        self.update()
        self._score.fail(error)

    def on_abandoned(self) -> None:
        self.update()

    def update(self, *_ignored: object) -> None:
        """Show everything as it is now."""
        if self._updating or self._scoring.applying:
            return
        with self._quietly():
            self._show()

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Whatever changes in here is not answered by showing it."""
        self._updating = True
        try:
            yield
        finally:
            self._updating = False

    def _show(self) -> None:
        parameters, record, busy = self._parameters, self._record(), self._scoring.busy
        if parameters is not None and record is not None:
            display.apply(parameters, record)
        self._inputs.show(parameters, busy=busy)
        self._models.show(parameters.model if parameters else "", enabled=parameters is not None and not busy)
        missing = self._missing()
        self._score.show(missing, busy=busy)
        if not missing and not busy and not self._prepared:
            self._prepared = True
            self._scoring.prepare()
        self._display.show(parameters, record, busy=busy)
        self._export.show(record)
        if record is None:
            self._results.show(None)
        else:
            self._results.show(record, quantity_of(record))
            self._results.select(selected_lesion(record))
        self._results.warn_of_change(changed=record is not None and self._is_stale(record))
        self._show_marks(record, busy=busy)

    def _missing(self) -> str:
        """Why nothing can be scored now, in words; empty when it can."""
        if self._parameters is None:
            return _("No scene is open.")
        model = self._models.chosen
        return what_is_missing(self._parameters) or (model.problem if model is not None else "")

    def _show_marks(self, record: ResultRecord | None, *, busy: bool) -> None:
        chosen = self._models.chosen
        of_choice = chosen is not None and bool(chosen.demonstration)
        of_result = record is not None and record.patient.model.demonstration
        text = _("{mark}: its numbers say nothing about a patient.").format(mark=DEMONSTRATION)
        show_text(self.ui.demonstrationLabel, text if of_choice or of_result else "")
        asked = self._parameters is not None and self._parameters.show_demonstration_numbers
        self._results.offer_demonstration_numbers(demonstration=of_choice, asked=asked, enabled=not busy)

    def _record(self) -> ResultRecord | None:
        return find_result(self._parameters.lesions) if self._parameters is not None else None

    def _is_stale(self, record: ResultRecord) -> bool:
        """Whether the result is of other inputs than those chosen; edits are noticed within a session only."""
        if record.find(Role.IMAGE) is not self._parameters.image:
            return True
        if set(chosen_segments(self._parameters)) != set(record.owners):
            return True
        if self._scored is None or self._scored[0] != record.node.GetID():
            return False
        return stamp(self._scored[1]) != self._scored[2]

    def _bind(self) -> None:
        """Take up the parameters of the scene."""
        self._release()
        self._parameters = self._parameters_of_scene()
        suggest(self._parameters)
        self._bound = self._parameters.connectParametersToGui(self._widgets_of_parameters())
        self.addObserver(self._parameters.parameterNode, "ModifiedEvent", self._parameters_changed)
        self._watch_segments()
        self.update()

    def _widgets_of_parameters(self) -> dict[str, object]:
        """Parameter -> its widget, as `connectGui` finds them; but what that returns cannot be disconnected."""
        named = ((widget.property("SlicerParameterName"), widget) for widget in vars(self.ui).values())
        return {str(name): widget for name, widget in named if name}

    def _release(self) -> None:
        """Let go of the parameters, and of the segmentation they name."""
        if self._parameters is None:
            return
        self._parameters.disconnectGui(self._bound)
        self.removeObservers(self._parameters_changed)
        self.removeObservers(self._segments_changed)
        self._parameters = None

    def _parameters_changed(self, *_ignored: object) -> None:
        self._watch_segments()
        self.update()

    def _watch_segments(self) -> None:
        node = self._parameters.lesions if self._parameters is not None else None
        if node is not None and self.hasObserver(node, _SEGMENT_EVENTS[0], self._segments_changed):
            return
        self.removeObservers(self._segments_changed)
        for event in _SEGMENT_EVENTS if node is not None else ():
            self.addObserver(node, event, self._segments_changed)

    def _segments_changed(self, *_ignored: object) -> None:
        self.update()

    def _scene_closes(self, *_ignored: object) -> None:
        self._scoring.abandon()
        self._score.finish()
        self._score.forget()
        self._scored = None
        self._release()

    def _scene_is_read(self, *_ignored: object) -> None:
        self._release()

    def _scene_changed(self, *_ignored: object) -> None:
        if self._entered:
            self._bind()

    def _node_removed(self, *_ignored: object) -> None:
        if self._updating or slicer.mrmlScene.IsClosing() or slicer.mrmlScene.IsBatchProcessing():
            return
        with self._quietly():
            take_away_orphans()
        self.update()

    def _choose_model(self, choice: str) -> None:
        if self._parameters is not None:
            self._parameters.model = choice

    def _colour_by_contribution(self, contribution: bool) -> None:
        if self._parameters is not None:
            self._parameters.colour_by_contribution = contribution

    def _jump(self, label: int) -> None:
        record = self._record()
        if record is not None:
            jump_to(record, label)
            self.update()

    def _end_highlight(self) -> None:
        record = self._record()
        if record is not None:
            highlight(record, None)
            self.update()

    def _restore(self) -> None:
        record = self._record()
        if record is not None:
            with self._quietly():
                take_away(record)
            self.update()
