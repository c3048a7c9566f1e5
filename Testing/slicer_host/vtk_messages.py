"""Complaints of VTK and MRML, which otherwise pass by on the terminal."""

import vtk


class VtkMessages:
    """Collects errors and warnings of C++ code.

    Attributes:
        errors: Error texts since the last `clear`.
        warnings: Warning texts since the last `clear`.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []
        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
        self._window = vtk.vtkStringOutputWindow()
        vtk.vtkOutputWindow.SetInstance(self._window)
        for event, texts in (("ErrorEvent", self.errors), ("WarningEvent", self.warnings)):
            self._window.AddObserver(event, _collector(texts))

    def clear(self) -> None:
        self.errors.clear()
        self.warnings.clear()


def _collector(texts):
    def collect(_window, _event, text):
        texts.append(text.strip())

    collect.CallDataType = vtk.VTK_STRING
    return collect
