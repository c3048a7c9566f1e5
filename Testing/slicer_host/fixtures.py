"""Fixtures of the Slicer tests; a conftest imports them by name."""

import sys

import pytest
import slicer

from slicer_host import pictures as drawing
from slicer_host import scripted_modules, small_modules
from slicer_host.host import the_host
from slicer_host.making_nodes import a_small_patient, segmentation_node, volume_node
from slicer_host.pythonqt_double import dialogs, slot_errors


@pytest.fixture
def host():
    """The host with an emptied scene; complaints of VTK or MRML that the test does not expect fail it."""
    host = the_host()
    host.messages.clear()
    yield host
    complaints = list(host.messages.errors)
    host.clear()
    assert not complaints, complaints


@pytest.fixture
def scene(host):
    return host.scene


@pytest.fixture(scope="session")
def a_patient():
    """A small phantom patient; shared, so read only."""
    return a_small_patient()


@pytest.fixture
def a_ct_node(scene, a_patient):
    return volume_node(a_patient.image)


@pytest.fixture
def a_segmentation_node(a_ct_node, a_patient):
    """The patient's lesions, one segment each, drawn on `a_ct_node`."""
    return segmentation_node(a_patient.lesions, a_ct_node)


@pytest.fixture
def qt(host):
    """The double of PythonQt; what a slot raises and a dialog that is asked out of turn fail the test."""
    scripted_modules.install_modules()
    slot_errors.errors.clear()
    dialogs.clear()
    yield sys.modules["qt"]
    raised, unused = list(slot_errors.errors), dialogs.unused_answers()
    slot_errors.errors.clear()
    dialogs.clear()
    assert not raised, "\n".join(raised)
    assert not unused, f"no dialog asked for {unused}"


@pytest.fixture
def main_window(qt):
    """The window that `slicer.util.mainWindow` finds; without this fixture there is none."""
    window = qt.QMainWindow()
    window.setObjectName("qSlicerMainWindow")
    window.show()
    yield window
    if slicer.util.mainWindow() is window:
        window.delete()


@pytest.fixture
def pictures(host):
    """The module that draws nodes; skips the test where nothing can be drawn."""
    if drawing.why_not() is not None:
        pytest.skip(drawing.why_not())
    return drawing


@pytest.fixture
def packaging(host):
    """`slicer.packaging` as in Slicer 5.12; without this fixture it is absent, as in 5.10."""
    with small_modules.packaging_present() as asked:
        yield asked
