"""Scoring for scripts, which have no window to keep alive."""

from slicer.i18n import tr as _

from prognosis.errors import PrognosisError, UsageError
from prognosis_slicer.lesion_risk.collaborators import Installer
from prognosis_slicer.lesion_risk.inputs import Inputs
from prognosis_slicer.lesion_risk.scoring import Scoring
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker


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
    """Score and return the result once it is in the scene.

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
