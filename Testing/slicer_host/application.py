"""The stand-in behind `slicer.app`."""

import sys
from pathlib import Path
from types import SimpleNamespace

import slicer

from slicer_host.file_io import FileIO
from slicer_host.layout import Layout


class Application:
    """The members of Slicer's application object that modules and `slicer.util` ask for.

    Attributes:
        exit_code: What the script gave to `slicer.util.exit`, None before.
        pauses: How deep rendering is paused; a module must leave 0 behind.
    """

    applicationName = "Slicer"
    majorVersion, minorVersion = 5, 13
    applicationVersion = "5.13.0"
    revision = "00000"
    slicerHome = str(Path(sys.prefix))

    def __init__(self, logic: slicer.vtkSlicerApplicationLogic, layout: Layout, io: FileIO, folder: Path) -> None:
        self._logic, self._layout, self._io = logic, layout, io
        self._settings = _Settings()
        self._options = SimpleNamespace(noMainWindow=False, testingEnabled=False, runPythonAndExit=False)
        self.temporaryPath = str(folder)
        self.defaultScenePath = str(folder)
        self.has_windows = True
        self.exit_code: int | None = None
        self.pauses = 0

    def applicationLogic(self) -> slicer.vtkSlicerApplicationLogic:
        return self._logic

    def mrmlScene(self) -> slicer.vtkMRMLScene:
        return slicer.mrmlScene

    def layoutManager(self) -> Layout | None:
        """None without a main window, as under `--no-main-window`."""
        return self._layout if self.has_windows else None

    def coreIOManager(self) -> FileIO:
        return self._io

    ioManager = coreIOManager

    def commandOptions(self) -> SimpleNamespace:
        return self._options

    def testingEnabled(self) -> bool:
        return self._options.testingEnabled

    def settings(self) -> "_Settings":
        return self._settings

    userSettings = revisionUserSettings = settings

    def startupEnvironment(self) -> dict[str, str]:
        return {}

    def processEvents(self) -> None:
        application = _qt_application()
        if application is not None:
            application.processEvents()

    def topLevelWidgets(self) -> list:
        application = _qt_application()
        if application is None:
            return []
        from slicer_host.pythonqt_double.objects import adopt

        return [adopt(each) for each in application.topLevelWidgets()]

    def pauseRender(self) -> None:
        self.pauses += 1

    def resumeRender(self) -> None:
        self.pauses -= 1

    def setOverrideCursor(self, cursor) -> None:
        """No cursor to change."""

    def restoreOverrideCursor(self) -> None:
        """No cursor to change."""

    def exit(self, status: int = 0) -> None:
        """Note the status; the process goes on, as Slicer does until its event loop ends."""
        self.exit_code = status

    def reset(self) -> None:
        self.exit_code = None
        self.pauses = 0
        self.has_windows = True
        self._settings.values.clear()


class _Settings:
    """QSettings that forget everything with the process."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def value(self, key: str, default: object = None) -> object:
        return self.values.get(key, default)

    def setValue(self, key: str, value: object) -> None:
        self.values[key] = value

    def contains(self, key: str) -> bool:
        return key in self.values

    def remove(self, key: str) -> None:
        self.values.pop(key, None)


def _qt_application():
    widgets = sys.modules.get("PyQt5.QtWidgets")
    return widgets.QApplication.instance() if widgets is not None else None
