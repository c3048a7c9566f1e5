# ruff: noqa: ARG004
"""Dialogs that nobody sits in front of: what they say is kept, what they return was laid ready by the test."""

from typing import Any

from PyQt5 import QtWidgets

from slicer_host.pythonqt_double.objects import double_of, stands_for

said: list[str] = []
_answers: list[Any] = []


class UnexpectedDialogError(AssertionError):
    """A dialog asked something the test did not prepare; the application would wait for a person."""


def answer_with(*answers: Any) -> None:
    """Lay answers ready, first come first served: a standard button, True or False, a path, or 'Ok'."""
    _answers.extend(answers)


def clear() -> None:
    said.clear()
    _answers.clear()


def unused_answers() -> tuple[Any, ...]:
    return tuple(_answers)


def ask(text: str, buttons: int | None = None) -> Any:
    """Keep the text and take the next answer; a box that can only be agreed to needs none."""
    said.append(text)
    if buttons is not None and buttons in (0, int(QtWidgets.QMessageBox.Ok)) and not _answers:
        return QtWidgets.QMessageBox.Ok
    if not _answers:
        raise UnexpectedDialogError(f"a dialog asks: {text}")
    return _answers.pop(0)


@stands_for(QtWidgets.QDialog)
class QDialog(double_of(QtWidgets.QDialog)):
    def exec_(self) -> int:
        return int(ask(QtWidgets.QDialog.windowTitle(self)))

    exec = exec_


@stands_for(QtWidgets.QMessageBox)
class QMessageBox(double_of(QtWidgets.QMessageBox)):
    def exec_(self) -> int:
        box = QtWidgets.QMessageBox
        return int(ask(f"{box.windowTitle(self)}: {box.text(self)}", int(box.standardButtons(self))))

    exec = exec_

    @staticmethod
    def question(parent, title, text, *arguments):
        return ask(f"{title}: {text}")

    @staticmethod
    def information(parent, title, text, *arguments):
        return ask(f"{title}: {text}", 0)

    warning = critical = about = information


@stands_for(QtWidgets.QFileDialog)
class QFileDialog(double_of(QtWidgets.QFileDialog)):
    @staticmethod
    def getSaveFileName(parent=None, caption="", *arguments):
        return str(ask(caption))

    getOpenFileName = getExistingDirectory = getSaveFileName

    @staticmethod
    def getOpenFileNames(parent=None, caption="", *arguments):
        return tuple(str(path) for path in ask(caption))


class QDesktopServices:
    """Nothing is opened; addresses are kept in `opened`."""

    opened: tuple[str, ...] = ()

    @staticmethod
    def openUrl(url) -> bool:
        QDesktopServices.opened += (url.toString(),)
        return True


CLASSES = (QDialog, QMessageBox, QFileDialog, QDesktopServices)
