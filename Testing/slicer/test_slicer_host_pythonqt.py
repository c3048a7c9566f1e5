"""The double of PythonQt is no more lenient than PythonQt in the traps a module author falls into."""

import json
import sys
from pathlib import Path

import pytest
import slicer
from slicer_host.pythonqt_double import ctk_widgets, dialogs, node_combo_box, segment_widgets, slot_errors, table_view
from slicer_host.pythonqt_double.signals import SignalError

FACTS = Path(__file__).resolve().parents[3] / "shared/slicer-api/slicer_qt_api.json"
DOUBLES = [
    *ctk_widgets.CLASSES,
    *node_combo_box.CLASSES,
    *segment_widgets.CLASSES,
    *table_view.CLASSES,
]


def test_a_property_is_an_attribute(qt):
    button = qt.QPushButton("Score")
    assert button.text == "Score"
    button.enabled = False
    assert button.isEnabled() is False
    with pytest.raises(TypeError):
        button.text()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda qt: setattr(qt.QPushButton(), "colour", 1),
        lambda qt: setattr(qt.QPushButton(), "sizeHint", 1),
        lambda qt: qt.QPushButton().pyqtConfigure,
        lambda qt: qt.NoSuchWidget,
        lambda _qt: slicer.qMRMLNodeComboBox().setNoneEnabled(True),
        lambda _qt: slicer.qMRMLNodeComboBox().setNodeTypes(["vtkMRMLVolumeNode"]),
        lambda _qt: slicer.qMRMLNodeComboBox().currentText,
    ],
    ids=["new attribute", "read-only", "PyQt5's own", "no such class", "C++ setter", "C++ setter of a list", "inner"],
)
def test_what_python_cannot_reach_is_an_attribute_error(qt, wrong):
    with pytest.raises(AttributeError):
        wrong(qt)


def test_methods_take_no_keywords(qt):
    with pytest.raises(TypeError):
        qt.QPushButton().setText(text="Score")


@pytest.mark.parametrize("signature", ["clicked(int)", "pressed(bool)", "clicked", "activated()"])
def test_a_wrong_signature_raises(qt, signature):
    with pytest.raises(SignalError, match="no signal"):
        qt.QPushButton().connect(signature, print)


def test_a_signal_of_nodes_is_known_by_its_cpp_type_only(qt):
    combo = slicer.qMRMLNodeComboBox()
    combo.connect("currentNodeChanged(vtkMRMLNode*)", print)
    for signature in ("currentNodeChanged(PyQt_PyObject)", "currentNodeChanged(vtkMRMLVolumeNode*)"):
        with pytest.raises(SignalError):
            combo.connect(signature, print)


def test_overloads_have_to_be_told_apart(qt):
    with pytest.raises(SignalError, match="overloads"):
        qt.QSpinBox().valueChanged.connect(print)


def test_a_slot_gets_as_many_arguments_as_it_takes(qt):
    button, got = qt.QPushButton(), []
    button.connect("clicked(bool)", lambda: got.append("none"))
    button.connect("clicked(bool)", lambda checked: got.append(checked))
    button.connect("clicked()", lambda *given: got.append(given))
    button.clicked.connect(lambda _checked, row=7: got.append(row))
    button.click()
    assert got == ["none", False, (), 7]


def test_a_default_argument_is_overwritten_by_the_signal(qt):
    button, got = qt.QPushButton(), []
    for row in range(2):
        button.connect("clicked(bool)", lambda row=row: got.append(row))
    button.click()
    assert got == [False, False]


def test_disconnecting_ends_it(qt):
    button, got = qt.QPushButton(), []
    button.connect("clicked(bool)", got.append)
    assert button.disconnect("clicked(bool)", got.append)
    assert not button.disconnect("clicked(bool)", got.append)
    button.click()
    assert got == []


def test_what_a_slot_raises_is_kept(qt, capsys):
    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError" in slot_errors.errors.pop()


def test_one_class_object_for_each_name(qt):
    label = qt.QLabel()
    assert type(label) is qt.QLabel
    assert isinstance(label, qt.QWidget)
    assert not isinstance(label, qt.QPushButton)
    assert label.className() == "QLabel"


def test_objects_that_qt_makes_keep_the_rules(qt):
    table = qt.QTableWidget(1, 1)
    header = table.horizontalHeader()
    header.stretchLastSection = True
    with pytest.raises(AttributeError):
        header.colour = 1


def test_an_empty_combo_box_is_true(qt):
    assert qt.QComboBox()


def test_lists_come_back_as_tuples(qt):
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert combo.nodeTypes == ("vtkMRMLScalarVolumeNode",)


def test_a_class_derived_in_python_takes_attributes(qt):
    class Watcher(qt.QObject):
        def eventFilter(self, watched, event):
            self.seen = watched
            return False

    watcher, button = Watcher(), qt.QPushButton()
    button.installEventFilter(watcher)
    button.resize(30, 30)
    button.show()
    assert watcher.seen is button
    button.hide()


def test_a_dialog_out_of_turn_is_an_error(qt):
    with pytest.raises(dialogs.UnexpectedDialogError, match="remove"):
        slicer.util.confirmYesNoDisplay("remove?")


def test_a_dialog_gets_the_answer_laid_ready(qt):
    dialogs.answer_with(qt.QMessageBox.No)
    assert slicer.util.confirmYesNoDisplay("remove?") is False
    assert "remove?" in dialogs.said[0]


def test_a_process_runs_and_tells(qt):
    process, got, loop = qt.QProcess(), [], qt.QEventLoop()
    process.connect("finished(int,QProcess::ExitStatus)", lambda *ended: (got.append(ended), loop.quit()))
    process.start(sys.executable, ["-c", "print('hello'); raise SystemExit(3)"])
    qt.QTimer.singleShot(20000, loop.quit)
    loop.exec_()
    assert got == [(3, qt.QProcess.NormalExit)]
    assert process.readAllStandardOutput().data().strip() == b"hello"


def test_errors_are_shown_in_a_main_window_and_only_logged_without(qt, main_window, caplog):
    slicer.util.errorDisplay("no CT")
    assert "no CT" in dialogs.said[0]
    main_window.delete()
    slicer.util.errorDisplay("no lesions")
    assert len(dialogs.said) == 1
    assert "no lesions" in caplog.text


def test_timers_run_in_the_event_loop(qt):
    got, loop = [], qt.QEventLoop()
    qt.QTimer.singleShot(1, lambda: (got.append("late"), loop.quit()))
    loop.exec_()
    assert got == ["late"]


@pytest.mark.skipif(not FACTS.is_file(), reason="the table of Slicer's widget members is not beside this project")
@pytest.mark.parametrize("kind", DOUBLES, ids=lambda kind: kind.__name__)
def test_a_double_invents_no_member(qt, kind):
    facts = json.loads(FACTS.read_text())["classes"]
    known = set()
    name = kind.__name__
    while name in facts:
        entry = facts[name]
        known |= set(entry.get("properties", ()))
        for part in ("signals", "slots", "invokables"):
            known |= {each["name"] for each in entry.get(part, ())}
        for names in entry.get("enums", {}).values():
            known |= set(names)
        name = entry.get("base")
    virtual = {"hitButton", "nextCheckState", "paintEvent"}  # protected in C++
    own = {each for base in kind.__mro__ if "_SLICER_CLASS" in vars(base) for each in vars(base) if each[0] != "_"}
    assert own - known - virtual == set()
