"""SurvivalLesionRisk on the screen of the PythonQt double, and the hands and eyes of its user."""

import time
from pathlib import Path

import slicer
from slicer_host.scripted_modules import OpenedModule, install_modules

install_modules()

import prognosis_slicer.lesion_risk.sample  # noqa: E402
import prognosis_slicer.lesion_risk.screen  # noqa: E402, F401
from prognosis_slicer.worker.local_worker import LocalWorker  # noqa: E402

MODULE = Path(__file__).resolve().parents[2] / "SurvivalLesionRisk" / "SurvivalLesionRisk.py"


class LesionRiskWindow:
    """The module in a window of a panel's width.

    Attributes:
        ui: Its widgets by name.
        panel: The window.
    """

    def __init__(self) -> None:
        self.opened = OpenedModule(MODULE, (450, 1800))
        self.panel = self.opened.panel
        self.ui = self.opened.widget.screen.ui

    def choose(self, image, lesions, organs=None) -> None:
        self.ui.imageSelector.setCurrentNode(image)
        self.ui.lesionsSelector.setCurrentNode(lesions)
        self.ui.organsSelector.setCurrentNode(organs)
        self.look()

    def score(self) -> None:
        """Press Score and wait for what comes of it."""
        self.ui.scoreButton.click()
        self.wait()

    def start(self) -> None:
        """Press Score and wait for the first sign of work."""
        self.ui.scoreButton.click()
        wait_until(lambda: self.ui.progressBar.maximum > 0)

    def wait(self) -> None:
        wait_until(lambda: not self.busy)
        self.look()

    @property
    def busy(self) -> bool:
        return self.ui.progressBar.visible

    @property
    def rows(self) -> list[list[str]]:
        """The texts of the table as it is sorted now."""
        model = self.ui.lesionTable.model()
        return [
            [model.item(row, column).text() for column in range(model.columnCount())] for row in range(model.rowCount())
        ]

    def click_row(self, row: int) -> None:
        index = self.ui.lesionTable.model().index(row, 1)
        self.ui.lesionTable.setCurrentIndex(index)
        self.look()

    def tick(self, row: int, ticked: bool) -> None:
        import qt

        self.ui.segmentList.item(row).setCheckState(qt.Qt.Checked if ticked else qt.Qt.Unchecked)
        self.look()

    def segments(self) -> dict[str, bool]:
        """Name -> ticked."""
        items = [self.ui.segmentList.item(row) for row in range(self.ui.segmentList.count)]
        return {item.text(): bool(item.checkState()) for item in items}

    def look(self) -> None:
        slicer.app.processEvents()

    def photograph(self, file: Path) -> Path:
        return self.opened.photograph(file)

    def close(self) -> None:
        self.opened.close()


def hand_worker(monkeypatch, make_worker) -> None:
    """Let the module file, which is run anew for each window, find another worker than its own; nobody else does."""
    monkeypatch.setattr("prognosis_slicer.worker.local_worker.LocalWorker", make_worker)


class KeptWorker(LocalWorker):
    """A worker for several windows: its process stays when one closes."""

    def close(self) -> None:
        self.cancel()
        self.wait()

    def end(self) -> None:
        super().close()


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        slicer.app.processEvents()
        time.sleep(0.01)
