"""Scores chosen lesions: nodes to files, files to the worker, its result to the nodes if they are still the same."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from prognosis.errors import InputError, PrognosisError, UsageError
from prognosis.lesions.result_files import read_result
from prognosis_slicer.lesion_risk.collaborators import Installer, Listener, Worker
from prognosis_slicer.lesion_risk.inputs import Inputs, stamp
from prognosis_slicer.lesion_risk.results import show
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import write_image
from prognosis_slicer.worker.folders import remove, temporary_folder
from prognosis_slicer.worker.job import Finished
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker


@dataclass(frozen=True)
class _Run:
    """A request under way.

    Args:
        inputs: What was asked.
        stamp: The inputs as they were then.
        owners: The segment ID of each lesion.
        notes: What was said of the inputs when they were written.
        result: Folder the command line writes.
        listener: Who is told.
    """

    inputs: Inputs
    stamp: tuple[Any, ...]
    owners: tuple[str, ...]
    notes: tuple[str, ...]
    result: Path
    listener: Listener


class Scoring:
    """One request at a time; nothing of the scene changes before its answer is whole.

    Args:
        worker: Runs the command line.
        installer: Is asked before the first command.
    """

    def __init__(self, worker: Worker, installer: Installer) -> None:
        self._worker = worker
        self._installer = installer
        self._run: _Run | None = None
        self._abandoned = False

    @property
    def busy(self) -> bool:
        """Whether a request is under way, or a cancelled one is about to end."""
        return self._worker.busy

    def start(self, inputs: Inputs, listener: Listener) -> None:
        """Write the inputs and start the command line; returns at once.

        Raises:
            PrognosisError: Packages are missing, or the inputs cannot be used; nothing was started.
            CancelledError: The user does not want packages installed.
        """
        if self.busy:
            raise UsageError(_("Lesions are being scored."), remedy=_("Wait for the result, or cancel it."))
        self._installer.ask_and_install()
        before = stamp(inputs)
        if before is None:
            raise _changed()
        folder = temporary_folder()
        try:
            self._run = self._prepared(inputs, before, folder, listener)
            self._worker.start(
                _command(inputs, folder),
                self._on_progress,
                self._on_finished,
                self._on_failed,
                folders=(folder,),
            )
        except PrognosisError:
            self._run = None
            remove([folder])
            raise

    def cancel(self) -> None:
        """Stop the request; the listener is told within two seconds."""
        self._worker.cancel()

    def abandon(self) -> None:
        """Stop the request and show nothing of it: the scene it belongs to is going."""
        self._abandoned = self.busy
        self._worker.cancel()

    def close(self) -> None:
        """End for good, with all that was started."""
        self._run = None
        self._worker.close()

    def _prepared(self, inputs: Inputs, before: tuple[Any, ...], folder: Path, listener: Listener) -> _Run:
        scene = slicer.mrmlScene
        image = write_image(scene.GetNodeByID(inputs.image_id), folder / "image.nrrd")
        chosen = read_segments(scene.GetNodeByID(inputs.lesions_id), inputs.segment_ids, image.geometry)
        write_lesions(chosen.lesions, image.geometry, folder / "lesions.seg.nrrd")
        notes = (*image.notes, *chosen.notes)
        if inputs.organs_id is not None:
            node = scene.GetNodeByID(inputs.organs_id)
            organs = read_segments(node, tuple(segment_names(node)), image.geometry)
            write_lesions(organs.lesions, image.geometry, folder / "organs.seg.nrrd")
            notes += organs.notes
        owners = chosen.owners(split_components=inputs.split_islands, min_volume_mm3=inputs.smallest_island_mm3)
        return _Run(inputs, before, owners, notes, folder / "result", listener)

    def _on_progress(self, step: str, done: int, total: int) -> None:
        if self._run is not None and not self._abandoned:
            self._run.listener.on_progress(step, done, total)

    def _on_finished(self, finished: Finished) -> None:  # noqa: ARG002
        run = self._ended()
        if run is None:
            return
        try:
            record = _applied(run)
        except PrognosisError as error:
            run.listener.on_failed(error)
            return
        run.listener.on_scored(record)

    def _on_failed(self, error: PrognosisError) -> None:
        run = self._ended()
        if run is not None:
            run.listener.on_failed(error)

    def _ended(self) -> _Run | None:
        """The request that has come to its end; None when nobody waits for its answer."""
        run, self._run = self._run, None
        abandoned, self._abandoned = self._abandoned, False
        if run is not None and abandoned:
            run.listener.on_abandoned()
            return None
        return run


def _command(inputs: Inputs, folder: Path) -> list[object]:
    words: list[object] = ["lesions", "score", "--image", folder / "image.nrrd"]
    words += ["--lesions", folder / "lesions.seg.nrrd"]
    if inputs.organs_id is not None:
        words += ["--organs", folder / "organs.seg.nrrd"]
    if inputs.split_islands:
        words += ["--split-components", "--min-volume-mm3", inputs.smallest_island_mm3]
    if inputs.model:
        words += ["--model", inputs.model]
    if inputs.show_demonstration_numbers:
        words.append("--show-demonstration-numbers")
    return [*words, "--output", folder / "result"]


def _applied(run: _Run) -> ResultRecord:
    if stamp(run.inputs) != run.stamp:
        raise _changed()
    patient = read_result(run.result)
    scene = slicer.mrmlScene
    return show(
        replace(patient, warnings=(*run.notes, *patient.warnings)),
        run.result,
        run.owners,
        scene.GetNodeByID(run.inputs.image_id),
        scene.GetNodeByID(run.inputs.lesions_id),
    )


def _changed() -> InputError:
    return InputError(
        _("The CT or the segments were changed or removed meanwhile, so nothing was shown."), remedy=_("Score again.")
    )


class _Answer:
    """What became of a request."""

    def __init__(self) -> None:
        self.record: ResultRecord | None = None
        self.error: PrognosisError | None = None

    def on_progress(self, step: str, done: int, total: int) -> None:
        """Nobody looks."""

    def on_scored(self, record: ResultRecord) -> None:
        self.record = record

    def on_failed(self, error: PrognosisError) -> None:
        self.error = error

    def on_abandoned(self) -> None:
        """It never is."""


def score_and_wait(inputs: Inputs, installer: Installer) -> ResultRecord:
    """Score and return the result once it is in the scene: for scripts, which have no window to keep alive.

    Raises:
        PrognosisError: As scoring tells.
    """
    worker, answer = LocalWorker(HandTicker()), _Answer()
    try:
        Scoring(worker, installer).start(inputs, answer)
        worker.wait()
    finally:
        worker.close()
    if answer.record is None:
        raise answer.error or UsageError(_("Scoring ended without a result."))
    return answer.record
