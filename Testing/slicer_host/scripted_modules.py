"""Doubles of the classes a scripted module derives from, and of the way Slicer loads and opens one."""

import functools
import importlib.util
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import slicer

from slicer_host import parameter_nodes, small_modules
from slicer_host.pythonqt_double import install


class ModuleParent:
    """What a module's class gets as `parent`: takes the properties Slicer's module object has, and no others."""

    __slots__ = (
        "acknowledgementText",
        "associatedNodeTypes",
        "categories",
        "contributors",
        "dependencies",
        "helpText",
        "hidden",
        "icon",
        "index",
        "name",
        "path",
        "title",
        "widgetRepresentationCreationEnabled",
    )

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.name = path.stem
        self.hidden = False
        self.categories, self.dependencies = [], []


class ScriptedLoadableModule:
    def __init__(self, parent: ModuleParent) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__

    def resourcePath(self, filename: str) -> str:
        return _resource(self.moduleName, filename)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        return ""

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        getattr(sys.modules[self.moduleName], f"{self.moduleName}Test")().runTest()


class ScriptedLoadableModuleWidget:
    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent if parent is not None else module_panel()
        self.layout = self.parent.layout()
        self.developerMode = False

    def setup(self) -> None:
        """The application builds its developer section here."""

    def cleanup(self) -> None:
        """A module that holds anything overrides this."""

    def resourcePath(self, filename: str) -> str:
        return _resource(self.moduleName, filename)


class ScriptedLoadableModuleLogic:
    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> slicer.vtkMRMLScriptedModuleNode:
        if not self.isSingletonParameterNode:
            nodes = self.getAllParameterNodes()
            return nodes[0] if nodes else self.createParameterNode()
        found = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        return found or self.createParameterNode()

    def getAllParameterNodes(self) -> list[slicer.vtkMRMLScriptedModuleNode]:
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> slicer.vtkMRMLScriptedModuleNode:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(self.moduleName)
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    enableScreenshots = False

    def runTest(self) -> None:
        """A module's test overrides this."""

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        slicer.app.processEvents()

    def takeScreenshot(self, name: str, description: str, type: int = -1) -> None:  # noqa: A002
        """There is no window of the application to photograph."""


def module_panel() -> Any:
    """The widget a module's screen is put into, with its vertical layout."""
    qt = install()
    panel = slicer.qMRMLWidget()
    panel.setLayout(qt.QVBoxLayout())
    panel.setMRMLScene(slicer.mrmlScene)
    return panel


@functools.cache
def install_modules() -> None:
    """Make what the wheel lacks importable: qt, ctk, slicer.ScriptedLoadableModule, parameterNodeWrapper, i18n …"""
    install()
    scripted = ModuleType("slicer.ScriptedLoadableModule")
    for kind in _CLASSES:
        setattr(scripted, kind.__name__, kind)
    scripted.__dict__.update(slicer=slicer, __all__=[kind.__name__ for kind in _CLASSES])
    small_modules.register("slicer.ScriptedLoadableModule", scripted)
    small_modules.register("slicer.parameterNodeWrapper", parameter_nodes.as_module())
    small_modules.register("slicer.i18n", small_modules.i18n())
    sys.modules["SampleData"] = small_modules.sample_data()


def load_module(path: Path) -> ModuleType:
    """Import a module file as Slicer does: its folder on sys.path, its class made with a parent that records."""
    install_modules()
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    parent = ModuleParent(path)
    instance = getattr(module, path.stem)(parent)
    entry = SimpleNamespace(name=path.stem, path=str(path), parent=parent, instance=instance)
    setattr(slicer.modules, path.stem.lower(), entry)
    setattr(slicer.modules, f"{path.stem}Instance", instance)
    return module


class OpenedModule:
    """A module on the screen.

    Attributes:
        widget: The module's widget object.
        panel: The window; `panel.grab()` photographs it.
    """

    def __init__(self, path: Path, size: tuple[int, int] = (520, 1000)) -> None:
        self._module = load_module(path)
        self.panel = module_panel()
        self.panel.resize(*size)
        self.widget = getattr(self._module, f"{path.stem}Widget")(self.panel)
        setattr(slicer.modules, f"{path.stem}Widget", self.widget)
        self.widget.setup()
        self.panel.show()
        self.enter()

    def enter(self) -> None:
        getattr(self.widget, "enter", lambda: None)()
        slicer.app.processEvents()

    def exit(self) -> None:
        getattr(self.widget, "exit", lambda: None)()

    def photograph(self, file: Path) -> Path:
        slicer.app.processEvents()
        assert self.panel.grab().save(str(file)), f"{file} could not be written"
        return file

    def close(self) -> None:
        self.exit()
        self.widget.cleanup()
        self.panel.close()
        self.panel.delete()
        slicer.app.processEvents()


def opened(path: Path) -> Iterator[OpenedModule]:
    """For a fixture: `yield from opened(path)`."""
    module = OpenedModule(path)
    yield module
    module.close()


def _resource(module_name: str, filename: str) -> str:
    return str(Path(sys.modules[module_name].__file__).parent / "Resources" / filename)


_CLASSES = (
    ScriptedLoadableModule,
    ScriptedLoadableModuleWidget,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)
