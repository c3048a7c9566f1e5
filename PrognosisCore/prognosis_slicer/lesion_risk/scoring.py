"""Scores chosen lesions: nodes to files, files to the worker, its result to the nodes if they are still the same."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

import slicer
from slicer.i18n import tr as _

from prognosis.errors import InputError, PrognosisError, UsageError
from prognosis.lesions.result_files import read_result
from prognosis_slicer.lesion_risk.collaborators import Installer, Listener, Worker
from prognosis_slicer.lesion_risk.handing_over import HandedOver, hand_over
from prognosis_slicer.lesion_risk.inputs import Inputs, stamp
from prognosis_slicer.lesion_risk.results import show
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.worker.folders import remove, temporary_folder
from prognosis_slicer.worker.job import Finished


@dataclass(frozen=True)
class _Run:
    """A request under way.

    Args:
        inputs: What was asked.
        stamp: The inputs as they were then.
        handed_over: What the command line was given.
        listener: Who is told.
    """

    inputs: Inputs
    stamp: tuple[Any, ...]
    handed_over: HandedOver
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
        self._applying = False

    @property
    def busy(self) -> bool:
        """Whether a request is under way, or a cancelled one is about to end."""
        return self._worker.busy

    @property
    def applying(self) -> bool:
        """Whether a result is just being put into the scene, and stands there in part."""
        return self._applying

    def prepare(self) -> None:
        """Let the worker load what takes seconds, since a request is likely; installs nothing."""
        if not self._installer.missing():
            # What prevents it is told when a request comes.
            with contextlib.suppress(PrognosisError):
                self._worker.warm_up()

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
            given = hand_over(inputs, folder)
            self._worker.start(
                given.command,
                self._on_progress,
                self._on_finished,
                self._on_failed,
                folders=(folder,),
            )
            self._run = _Run(inputs, before, given, listener)
        finally:
            if self._run is None:
                remove([folder])

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

    def _on_progress(self, step: str, done: int, total: int) -> None:
        if self._run is not None and not self._abandoned:
            self._run.listener.on_progress(step, done, total)

    def _on_finished(self, finished: Finished) -> None:  # noqa: ARG002
        run = self._ended()
        if run is None:
            return
        record = None
        failure = PrognosisError(_("The result could not be shown."), remedy=_("The Python console tells why."))
        self._applying = True
        try:
            record = _applied(run)
        except PrognosisError as error:
            failure = error
        finally:
            self._applying = False
            if record is None:
                run.listener.on_failed(failure)
        if record is not None:
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


def _applied(run: _Run) -> ResultRecord:
    if stamp(run.inputs) != run.stamp:
        raise _changed()
    given, scene = run.handed_over, slicer.mrmlScene
    patient = read_result(given.result)
    return show(
        replace(patient, warnings=(*given.notes, *patient.warnings)),
        given.result,
        given.owners,
        scene.GetNodeByID(run.inputs.image_id),
        scene.GetNodeByID(run.inputs.lesions_id),
    )


def _changed() -> InputError:
    return InputError(
        _("The CT or the segments were changed or removed meanwhile, so nothing was shown."), remedy=_("Score again.")
    )
