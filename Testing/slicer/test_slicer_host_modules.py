"""A scripted module is loaded, shown, bound to its parameters and clicked as in the application."""

import sys
import textwrap

import pytest
import slicer
from slicer_host.parameter_nodes import parameterNodeWrapper
from slicer_host.pythonqt_double import slot_errors
from slicer_host.pythonqt_double.signals import SignalError
from slicer_host.scripted_modules import OpenedModule, ScriptedLoadableModuleLogic, load_module

MODULE = """
    from typing import Annotated

    import qt
    import slicer
    from slicer import vtkMRMLScalarVolumeNode
    from slicer.i18n import tr as _
    from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
    from slicer.ScriptedLoadableModule import *
    from slicer.util import VTKObservationMixin


    class HostedExample(ScriptedLoadableModule):
        def __init__(self, parent):
            ScriptedLoadableModule.__init__(self, parent)
            parent.title = _("Hosted example")
            parent.dependencies = ["PrognosisCore"]


    @parameterNodeWrapper
    class HostedExampleParameters:
        ct: vtkMRMLScalarVolumeNode
        opacity: Annotated[float, WithinRange(0.0, 1.0)] = 0.5
        legend: bool = True
        shown: Annotated[str, Choice(["risk", "contribution"])] = "risk"


    class HostedExampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
        def __init__(self, parent=None):
            ScriptedLoadableModuleWidget.__init__(self, parent)
            VTKObservationMixin.__init__(self)
            self.closed = 0

        def setup(self):
            ScriptedLoadableModuleWidget.setup(self)
            ui = slicer.util.loadUI(self.resourcePath("UI/HostedExample.ui"))
            self.layout.addWidget(ui)
            self.ui = slicer.util.childWidgetVariables(ui)
            ui.setMRMLScene(slicer.mrmlScene)
            self.logic = HostedExampleLogic()
            self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.on_close)
            self.ui.scoreButton.connect("clicked(bool)", self.on_score)
            self.bind()

        def bind(self):
            self.parameters = HostedExampleParameters(self.logic.getParameterNode())
            self.tag = self.parameters.connectGui(self.ui)

        def on_close(self, caller, event):
            self.closed += 1
            self.unbind()

        def on_score(self):
            self.ui.progressBar.value = 100

        def unbind(self):
            if self.parameters is not None:
                self.parameters.disconnectGui(self.tag)
                self.parameters = None

        def cleanup(self):
            self.unbind()
            self.removeObservers()


    class HostedExampleLogic(ScriptedLoadableModuleLogic):
        pass
"""
UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0">
 <class>HostedExample</class>
 <widget class="qMRMLWidget" name="HostedExample">
  <layout class="QVBoxLayout" name="all">
   <item><widget class="ctkCollapsibleButton" name="inputs">
    <property name="text"><string>Inputs</string></property>
    <layout class="QFormLayout" name="form">
     <item row="0" column="0"><widget class="QLabel" name="ctLabel">
      <property name="text"><string>CT:</string></property></widget></item>
     <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="ctSelector">
      <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
      <property name="noneEnabled"><bool>true</bool></property>
      <property name="SlicerParameterName" stdset="0"><string>ct</string></property></widget></item>
     <item row="1" column="0" colspan="2"><widget class="ctkSliderWidget" name="opacitySlider">
      <property name="singleStep"><double>0.05</double></property>
      <property name="SlicerParameterName" stdset="0"><string>opacity</string></property></widget></item>
     <item row="2" column="1"><widget class="QCheckBox" name="legendBox">
      <property name="SlicerParameterName" stdset="0"><string>legend</string></property></widget></item>
     <item row="3" column="1"><widget class="QComboBox" name="shownCombo">
      <property name="sizePolicy"><sizepolicy hsizetype="Expanding" vsizetype="Fixed">
       <horstretch>0</horstretch><verstretch>0</verstretch></sizepolicy></property>
      <property name="SlicerParameterName" stdset="0"><string>shown</string></property></widget></item>
    </layout></widget></item>
   <item><layout class="QHBoxLayout" name="buttons">
    <item><widget class="QPushButton" name="scoreButton">
     <property name="text"><string>Score</string></property></widget></item>
    <item><spacer name="gap"><property name="orientation"><enum>Qt::Horizontal</enum></property></spacer></item>
   </layout></item>
   <item><widget class="QProgressBar" name="progressBar">
    <property name="value"><number>0</number></property></widget></item>
   <item><widget class="QTableWidget" name="table">
    <property name="selectionBehavior"><enum>QAbstractItemView::SelectRows</enum></property>
    <property name="editTriggers"><set>QAbstractItemView::NoEditTriggers</set></property>
    <column><property name="text"><string>Risk</string></property></column></widget></item>
  </layout>
 </widget>
 <connections>
  <connection><sender>HostedExample</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
   <receiver>ctSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection>
 </connections>
</ui>
"""


@pytest.fixture
def module_file(tmp_path):
    (tmp_path / "Resources/UI").mkdir(parents=True)
    (tmp_path / "Resources/UI/HostedExample.ui").write_text(UI)
    file = tmp_path / "HostedExample.py"
    file.write_text(textwrap.dedent(MODULE))
    yield file
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    sys.modules.pop("HostedExample", None)


@pytest.fixture
def a_module(qt, module_file):
    module = OpenedModule(module_file)
    yield module
    module.close()


def test_the_module_says_who_it_is(qt, module_file):
    load_module(module_file)
    parent = slicer.modules.hostedexample.parent
    assert parent.title == "Hosted example"
    assert parent.dependencies == ["PrognosisCore"]
    with pytest.raises(AttributeError):
        parent.titel = "Hosted example"


def test_parameters_and_widgets_follow_each_other(a_module, a_ct_node):
    ui, parameters = a_module.widget.ui, a_module.widget.parameters
    assert (ui.opacitySlider.value, ui.opacitySlider.maximum) == (0.5, 1.0)
    assert ui.legendBox.checked
    ui.shownCombo.setCurrentIndex(1)
    ui.ctSelector.setCurrentNode(a_ct_node)
    ui.legendBox.click()
    assert (parameters.shown, parameters.ct, parameters.legend) == ("contribution", a_ct_node, False)
    parameters.opacity = 0.25
    assert ui.opacitySlider.value == 0.25


def test_a_click_reaches_the_module(qt, a_module):
    from PyQt5 import QtCore, QtTest

    ui = a_module.widget.ui
    QtTest.QTest.mouseClick(ui.scoreButton, QtCore.Qt.LeftButton)
    assert ui.progressBar.value == 100


def test_a_section_folds_by_a_click_on_its_heading(a_module):
    from PyQt5 import QtCore, QtTest

    section = a_module.widget.ui.inputs
    QtTest.QTest.mouseClick(section, QtCore.Qt.LeftButton, pos=QtCore.QPoint(20, 8))
    assert section.collapsed
    assert not a_module.widget.ui.legendBox.visible


def test_the_window_is_photographed(a_module, tmp_path):
    from PIL import Image

    picture = Image.open(a_module.photograph(tmp_path / "example.png"))
    assert picture.size == (520, 1000)
    assert len(picture.convert("L").getcolors()) > 10


def test_closing_the_scene_is_heard_until_cleanup(qt, host, module_file):
    module = OpenedModule(module_file)
    host.scene.Clear(False)
    assert module.widget.closed == 1
    module.close()
    host.scene.Clear(False)
    assert module.widget.closed == 1


def test_state_comes_back_with_a_saved_scene(a_module, host, a_ct_node, tmp_path):
    a_module.widget.parameters.opacity = 0.75
    a_module.widget.parameters.ct = a_ct_node
    slicer.util.saveNode(a_ct_node, str(tmp_path / "ct.nrrd"))
    slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    host.scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    a_module.widget.bind()
    assert a_module.widget.parameters.opacity == 0.75
    assert a_module.widget.parameters.ct.GetName() == "CT"
    assert a_module.widget.ui.opacitySlider.value == 0.75


def test_a_parameter_node_is_one_for_each_module(qt, scene):
    first, second = ScriptedLoadableModuleLogic(), ScriptedLoadableModuleLogic()
    assert first.getParameterNode() is second.getParameterNode()


@pytest.mark.parametrize(
    ("name", "value"),
    [("opacity", 1.5), ("opacity", "half"), ("shown", "size"), ("legend", 1), ("ct", "CT")],
)
def test_a_parameter_refuses_what_it_is_not(a_module, name, value):
    with pytest.raises(ValueError, match=r"parameter|within|none of"):
        setattr(a_module.widget.parameters, name, value)


def test_an_unknown_parameter_is_refused(a_module):
    with pytest.raises(AttributeError, match="opazity"):
        a_module.widget.parameters.opazity = 0.5


def test_widgets_bound_to_a_closed_scene_are_an_error(qt, host, module_file):
    module = OpenedModule(module_file)
    module.widget.unbind = lambda: None  # as a module does that forgets the scene may close
    host.scene.Clear(False)
    assert "is gone" in slot_errors.errors[0]
    slot_errors.errors.clear()
    module.close()


def test_a_widget_of_the_wrong_type_is_refused(qt, scene):
    @parameterNodeWrapper
    class Parameters:
        legend: bool

    label = qt.QLabel()
    with pytest.raises(RuntimeError, match="QLabel"):
        Parameters(ScriptedLoadableModuleLogic().getParameterNode()).connectParametersToGui({"legend": label})


@pytest.mark.parametrize(
    ("good", "bad", "error"),
    [
        ('name="noneEnabled"', 'name="noneAllowed"', AttributeError),
        ("mrmlSceneChanged(vtkMRMLScene*)", "mrmlSceneChanged(vtkMRMLNode*)", SignalError),
        ('class="QProgressBar"', 'class="QProgressBra"', LookupError),
        ("<receiver>ctSelector", "<receiver>ctSelctor", LookupError),
    ],
    ids=["property", "signal", "class", "name"],
)
def test_a_mistake_in_the_form_stops_loading(qt, module_file, good, bad, error):
    form = module_file.parent / "Resources/UI/HostedExample.ui"
    form.write_text(form.read_text().replace(good, bad, 1))
    with pytest.raises(error):
        slicer.util.loadUI(str(form))


def test_slicer_packaging_is_there_only_where_asked_for(host):
    assert not hasattr(slicer, "packaging")


def test_slicer_packaging_records_what_is_missing(packaging):
    import slicer.packaging

    slicer.packaging.pip_ensure(["numpy", "no-such-package-of-prognosis"])
    assert packaging.requested == ["no-such-package-of-prognosis"]
