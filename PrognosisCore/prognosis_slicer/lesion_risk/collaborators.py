"""What scoring needs and is handed, so that a test can hand in something smaller."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from prognosis.errors import PrognosisError
from prognosis_slicer.scene.result_record import ResultRecord
from prognosis_slicer.worker.job import OnFailed, OnFinished, OnProgress


class Worker(Protocol):
    """Runs commands of `prognosis`, as `LocalWorker` does."""

    @property
    def busy(self) -> bool: ...

    def start(
        self,
        arguments: Iterable[object],
        on_progress: OnProgress,
        on_finished: OnFinished,
        on_failed: OnFailed,
        *,
        folders: Sequence[Path] = (),
    ) -> None: ...

    def warm_up(self) -> None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class Installer(Protocol):
    """Adds what Slicer's Python lacks, as `prognosis_slicer.installing` does."""

    def missing(self) -> Sequence[object]: ...

    def ask_and_install(self) -> None: ...


class Listener(Protocol):
    """Is told how scoring goes, on the main thread."""

    def on_progress(self, step: str, done: int, total: int) -> None: ...

    def on_scored(self, record: ResultRecord) -> None: ...

    def on_failed(self, error: PrognosisError) -> None: ...

    def on_abandoned(self) -> None: ...
