# ruff: noqa: N801
"""Doubles of the CTK widgets that the modules use: each shows only what PythonQt shows of the real one."""

from PyQt5 import QtCore, QtGui, QtWidgets

from slicer_host.pythonqt_double import dialogs
from slicer_host.pythonqt_double.objects import double_of
from slicer_host.pythonqt_double.own_values import emit, kept, of_part, own

_HEADING = 26


class ctkCollapsibleButton(double_of(QtWidgets.QAbstractButton)):
    """A section that a click on its heading folds."""

    _SLICER_CLASS = "ctkCollapsibleButton"
    contentsCollapsed = QtCore.pyqtSignal(bool)

    def __init__(self, *arguments) -> None:
        texts = [each for each in arguments if isinstance(each, str)]
        super().__init__(next((each for each in arguments if isinstance(each, QtWidgets.QWidget)), None))
        QtWidgets.QAbstractButton.setText(self, texts[0] if texts else "")
        QtWidgets.QWidget.setContentsMargins(self, 0, _HEADING, 0, 0)
        QtWidgets.QWidget.setMinimumHeight(self, _HEADING)

    def _fold(self, folded: bool) -> None:
        for child in QtCore.QObject.children(self):
            if isinstance(child, QtWidgets.QWidget):
                QtWidgets.QWidget.setVisible(child, not folded)
        QtWidgets.QWidget.setMaximumHeight(self, _HEADING if folded else 16777215)
        emit(self, "contentsCollapsed(bool)", folded)

    collapsed = kept(bool, "collapsed", False, _fold)
    collapsedHeight = kept(int, "collapsedHeight", 0)
    flat = kept(bool, "flat", False)

    def hitButton(self, position) -> bool:
        return position.y() < _HEADING

    def nextCheckState(self) -> None:
        self.collapsed = not self.collapsed

    def paintEvent(self, event) -> None:
        painter = QtGui.QPainter(self)
        heading = QtCore.QRect(0, 0, self.width, _HEADING - 4)
        painter.fillRect(heading, self.palette.button())
        painter.setPen(self.palette.buttonText().color())
        text = f"{'▸' if self.collapsed else '▾'} {self.text}"
        painter.drawText(heading.adjusted(8, 0, 0, 0), QtCore.Qt.AlignVCenter, text)


class ctkSliderWidget(double_of(QtWidgets.QWidget)):
    """A slider beside a spin box."""

    _SLICER_CLASS = "ctkSliderWidget"
    valueChanged = QtCore.pyqtSignal(float)
    valueIsChanging = QtCore.pyqtSignal(float)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        slider, spin = double_of(QtWidgets.QSlider)(QtCore.Qt.Horizontal), double_of(QtWidgets.QDoubleSpinBox)()
        own(self).update(slider=slider, spin=spin)
        slider.setObjectName("Slider")
        spin.setObjectName("SpinBox")
        slider.setMaximum(1000)
        spin.setMaximum(99.0)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(slider)
        row.addWidget(spin)
        slider.connect("valueChanged(int)", self._slid)
        spin.connect("valueChanged(double)", self._spun)

    def _slid(self, step: int) -> None:
        spin = own(self)["spin"]
        spin.setValue(spin.minimum + step / 1000 * (spin.maximum - spin.minimum))

    def _spun(self, value: float) -> None:
        slider, spin = own(self)["slider"], own(self)["spin"]
        slider.blockSignals(True)
        slider.setValue(round(1000 * (value - spin.minimum) / max(spin.maximum - spin.minimum, 1e-9)))
        slider.blockSignals(False)
        emit(self, "valueIsChanging(double)", value)
        emit(self, "valueChanged(double)", value)

    value = of_part(float, "spin", "value")
    minimum = of_part(float, "spin", "minimum")
    maximum = of_part(float, "spin", "maximum")
    singleStep = of_part(float, "spin", "singleStep")
    decimals = of_part(int, "spin", "decimals")
    prefix = of_part(str, "spin", "prefix")
    suffix = of_part(str, "spin", "suffix")
    pageStep = kept(float, "pageStep", 10.0)
    tickInterval = kept(float, "tickInterval", 0.0)
    tracking = kept(bool, "tracking", True)
    spinBoxVisible = kept(bool, "spinBoxVisible", True, lambda widget, shown: own(widget)["spin"].setVisible(shown))

    @QtCore.pyqtSlot(float)
    def setValue(self, value: float) -> None:
        own(self)["spin"].setValue(value)

    @QtCore.pyqtSlot(int)
    def setDecimals(self, decimals: int) -> None:
        own(self)["spin"].setDecimals(decimals)


class ctkDoubleSpinBox(double_of(QtWidgets.QWidget)):
    _SLICER_CLASS = "ctkDoubleSpinBox"
    valueChanged = QtCore.pyqtSignal([float], [str])
    editingFinished = QtCore.pyqtSignal()

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        spin = own(self)["spin"] = double_of(QtWidgets.QDoubleSpinBox)(self)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(spin)
        spin.connect("valueChanged(double)", lambda value: emit(self, "valueChanged(double)", value))
        spin.connect("valueChanged(QString)", lambda text: emit(self, "valueChanged(QString)", text))
        spin.connect("editingFinished()", lambda: emit(self, "editingFinished()"))

    value = of_part(float, "spin", "value")
    minimum = of_part(float, "spin", "minimum")
    maximum = of_part(float, "spin", "maximum")
    singleStep = of_part(float, "spin", "singleStep")
    decimals = of_part(int, "spin", "decimals")
    prefix = of_part(str, "spin", "prefix")
    suffix = of_part(str, "spin", "suffix")
    readOnly = of_part(bool, "spin", "readOnly")

    @QtCore.pyqtSlot(float)
    def setValue(self, value: float) -> None:
        own(self)["spin"].setValue(value)


class ctkComboBox(double_of(QtWidgets.QComboBox)):
    _SLICER_CLASS = "ctkComboBox"
    defaultText = kept(str, "defaultText", "")

    def _data(self) -> str:
        return str(QtWidgets.QComboBox.currentData(self) or "")

    def _choose(self, data: str) -> None:
        QtWidgets.QComboBox.setCurrentIndex(self, QtWidgets.QComboBox.findData(self, data))

    currentUserDataAsString = QtCore.pyqtProperty(str, _data, _choose)

    @QtCore.pyqtSlot(str)
    def setCurrentUserDataAsString(self, data: str) -> None:
        self._choose(data)


class ctkPathLineEdit(double_of(QtWidgets.QWidget)):
    """An editable path with a button; the button asks the dialogs of the test."""

    _SLICER_CLASS = "ctkPathLineEdit"
    currentPathChanged = QtCore.pyqtSignal(str)
    validInputChanged = QtCore.pyqtSignal(bool)
    Dirs, Files, Executable, Writable, Readable = 0x1, 0x2, 0x40, 0x20, 0x10

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        box, button = double_of(QtWidgets.QComboBox)(self), double_of(QtWidgets.QToolButton)(self)
        own(self).update(box=box)
        box.setEditable(True)
        button.setText("…")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(box, 1)
        row.addWidget(button)
        box.connect("editTextChanged(QString)", lambda path: emit(self, "currentPathChanged(QString)", path))
        button.connect("clicked()", lambda: self.browse())

    def _path(self) -> str:
        return own(self)["box"].currentText

    def _go(self, path: str) -> None:
        own(self)["box"].setEditText(path)

    currentPath = QtCore.pyqtProperty(str, _path, _go)
    filters = kept(int, "filters", 0x3)
    label = kept(str, "label", "")
    nameFilters = kept("QStringList", "nameFilters", [])
    settingKey = kept(str, "settingKey", "")
    showHistoryButton = kept(bool, "showHistoryButton", True)
    showBrowseButton = kept(bool, "showBrowseButton", True)

    @QtCore.pyqtSlot(str)
    def setCurrentPath(self, path: str) -> None:
        self._go(path)

    @QtCore.pyqtSlot()
    def browse(self) -> None:
        self._go(str(dialogs.ask(self.label or "path")))

    @QtCore.pyqtSlot()
    def addCurrentPathToHistory(self) -> None:
        own(self)["box"].addItem(self._path())


class ctkMessageBox(dialogs.QMessageBox):
    _SLICER_CLASS = "ctkMessageBox"
    dontShowAgainVisible = kept(bool, "dontShowAgainVisible", False)
    dontShowAgainSettingsKey = kept(str, "dontShowAgainSettingsKey", "")


CLASSES = (
    ctkCollapsibleButton,
    ctkComboBox,
    ctkDoubleSpinBox,
    ctkMessageBox,
    ctkPathLineEdit,
    ctkSliderWidget,
)
