"""The section 'Export'."""

from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from prognosis.errors import PrognosisError
from prognosis.lesions.result_files import LABELS, REPORT, TABLE
from prognosis_slicer.lesion_risk.export import save_all, save_label_map, save_text
from prognosis_slicer.scene.result_record import ResultRecord


class ExportView:
    """Asks where to, saves, and says what was saved.

    Args:
        widget: The module's screen.
        record: Gives the result that is shown, None when there is none.
        on_failed: Called with what went wrong.
    """

    def __init__(
        self, widget, record: Callable[[], ResultRecord | None], on_failed: Callable[[PrognosisError], None]
    ) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._record = record
        self._on_failed = on_failed
        self.ui.tableButton.connect("clicked()", self._save_table)
        self.ui.labelMapButton.connect("clicked()", self._save_label_map)
        self.ui.reportButton.connect("clicked()", self._save_report)
        self.ui.allButton.connect("clicked()", self._save_all)

    def show(self, record: ResultRecord | None) -> None:
        for button in (self.ui.tableButton, self.ui.labelMapButton, self.ui.reportButton, self.ui.allButton):
            button.enabled = record is not None

    def _save_table(self) -> None:
        self._save(self._file(TABLE, _("Table (*.csv)")), lambda record, path: save_text(record, TABLE, path))

    def _save_label_map(self) -> None:
        self._save(self._file(LABELS, _("Label map (*.nrrd)")), save_label_map)

    def _save_report(self) -> None:
        path = self._file(REPORT, _("Report (*.html)"))
        if self._save(path, lambda record, path: save_text(record, REPORT, path)):
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))

    def _save_all(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(self.ui.allButton, _("Folder for the results"))
        self._save(Path(folder) if folder else None, save_all)

    def _file(self, name: str, kind: str) -> Path | None:
        """Where the user wants a file, with the ending of its kind; None when the user thought better of it."""
        chosen = qt.QFileDialog.getSaveFileName(self.ui.exportLabel, _("Save"), name, kind)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix == Path(name).suffix else path.with_name(path.name + Path(name).suffix)

    def _save(self, path: Path | None, save: Callable[[ResultRecord, Path], Path | None]) -> bool:
        record = self._record()
        if path is None or record is None:
            return False
        try:
            saved = save(record, path) or path
        except PrognosisError as error:
            self._on_failed(error)
            return False
        self.ui.exportLabel.text = _("Saved: {path}").format(path=saved)
        return True
