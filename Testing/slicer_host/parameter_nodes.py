"""A double of `slicer.parameterNodeWrapper`: typed attributes kept in a parameter node, bound to widgets by property.

It keeps every value in the real node, so that a saved scene holds it, and is strict where Slicer may convert.
"""

import types
import typing
from typing import Any

import slicer

from slicer_host.parameter_validation import Choice, Decimals, Default, Maximum, Minimum, SingleStep, WithinRange
from slicer_host.parameter_values import Value, value_of
from slicer_host.parameter_widgets import connector_for

_NOTHING = object()


def parameterNodeWrapper(kind: type) -> type:
    """Turn the annotations of a class into properties over a vtkMRMLScriptedModuleNode."""
    hints = {name: hint for name, hint in typing.get_type_hints(kind, include_extras=True).items() if name[0] != "_"}
    values = {name: value_of(name, hint, getattr(kind, name, _NOTHING), _NOTHING) for name, hint in hints.items()}
    members = {name: _property(value) for name, value in values.items()}
    kept = {name: member for name, member in vars(kind).items() if isinstance(member, types.FunctionType | property)}
    return type(kind.__name__, (_ParameterNode,), {**kept, **members, "_values": values, "__doc__": kind.__doc__})


class _ParameterNode:
    _values: typing.ClassVar[dict[str, Value]] = {}

    def __init__(self, parameterNode: slicer.vtkMRMLScriptedModuleNode, prefix: str | None = None) -> None:
        object.__setattr__(self, "parameterNode", parameterNode)
        object.__setattr__(self, "_connections", {})
        for value in self._values.values():
            value.prepare(parameterNode)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._values and not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")
        object.__setattr__(self, name, value)

    def dataType(self, name: str) -> Any:
        return self._values[name].kind

    def default(self, name: str) -> Default:
        return Default(self._values[name].default)

    def getValue(self, name: str) -> Any:
        return getattr(self, name)

    def setValue(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def StartModify(self) -> int:
        return self.parameterNode.StartModify()

    def EndModify(self, before: int) -> None:
        self.parameterNode.EndModify(before)

    def Modified(self) -> None:
        self.parameterNode.Modified()

    def connectGui(self, gui: Any) -> int:
        """Bind every widget that carries the dynamic property SlicerParameterName; returns a tag to undo it."""
        widgets = _widgets(gui)
        named = {widget.property("SlicerParameterName"): widget for widget in widgets}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, widgets: dict[str, Any]) -> int:
        unknown = set(widgets) - set(self._values)
        if unknown:
            raise ValueError(f"no such parameters: {sorted(unknown)}")
        connectors = [connector_for(widget, self._values[name]) for name, widget in widgets.items()]
        tag = self.AddObserver("ModifiedEvent", lambda *_ignored: self._show(connectors))
        self._show(connectors)
        for connector in connectors:
            connector.listen(self)
        self._connections[tag] = connectors
        return tag

    def disconnectGui(self, tag: int) -> None:
        self.RemoveObserver(tag)
        for connector in self._connections.pop(tag):
            connector.stop()

    def _show(self, connectors: list) -> None:
        for connector in connectors:
            connector.show(getattr(self, connector.value.name))


def as_module() -> types.ModuleType:
    module = types.ModuleType("slicer.parameterNodeWrapper")
    for each in (parameterNodeWrapper, Choice, Decimals, Default, Maximum, Minimum, SingleStep, WithinRange):
        setattr(module, each.__name__, each)
    return module


def _property(value: Value) -> property:
    return property(
        lambda wrapper: value.read(wrapper.parameterNode),
        lambda wrapper, new: value.write(wrapper.parameterNode, new),
    )


def _widgets(gui: Any) -> list[Any]:
    if hasattr(gui, "children"):
        return [gui, *slicer.util.findChildren(gui)]
    return list(vars(gui).values())
