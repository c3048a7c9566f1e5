"""Which widgets can show which parameters: chosen by the exact type of the widget, as Slicer does."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slicer_host.parameter_validation import Choice, Decimals, SingleStep
from slicer_host.parameter_values import Value


@dataclass
class Connector:
    """A widget that shows a parameter and writes it when a person changes it."""

    widget: Any
    value: Value
    signal: str
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], None]
    _wrapper: Any = field(default=None, init=False)

    def show(self, value: Any) -> None:
        if self.get(self.widget) != value:
            self.put(self.widget, value)

    def listen(self, wrapper: Any) -> None:
        self._wrapper = wrapper
        if self.signal:
            self.widget.connect(self.signal, self._changed)

    def stop(self) -> None:
        if self.signal:
            self.widget.disconnect(self.signal, self._changed)

    def _changed(self) -> None:
        shown = self.get(self.widget)
        if getattr(self._wrapper, self.value.name) != shown:
            setattr(self._wrapper, self.value.name, shown)


def connector_for(widget: Any, value: Value) -> Connector:
    """Find the connector of this exact widget type and parameter type, or refuse."""
    name = type(widget).__name__
    kind = value.kind
    if value.node_kinds:
        found = _NODES.get(name)
    elif value.annotations.first(Choice) is not None or _is(kind, enum.Enum):
        return _choices(widget, value, name)
    else:
        found = next((table.get(name) for plain, table in _PLAIN if _is(kind, plain)), None)
    if found is None:
        raise RuntimeError(f"no connector between a {name} and the parameter '{value.name}' of type {kind}")
    _set_limits(widget, value)
    return Connector(widget, value, *found)


def _choices(widget: Any, value: Value, name: str) -> Connector:
    if name not in ("QComboBox", "ctkComboBox"):
        raise RuntimeError(f"no connector between a {name} and the choice '{value.name}'")
    choice = value.annotations.first(Choice)
    members = list(choice.choices) if choice is not None else list(value.kind)
    texts = [each.name if isinstance(each, enum.Enum) else str(each) for each in members]
    widget.clear()
    widget.addItems(texts)
    return Connector(
        widget,
        value,
        "currentIndexChanged(int)",
        lambda combo: members[combo.currentIndex],
        lambda combo, chosen: combo.setCurrentIndex(members.index(chosen)),
    )


def _set_limits(widget: Any, value: Value) -> None:
    hints = {
        "minimum": value.annotations.limit("minimum"),
        "maximum": value.annotations.limit("maximum"),
        "decimals": getattr(value.annotations.first(Decimals), "value", None),
        "singleStep": getattr(value.annotations.first(SingleStep), "value", None),
    }
    for name, hint in hints.items():
        if hint is not None and not value.node_kinds:
            setattr(widget, name, hint)


def _of(name: str, convert: Callable[[Any], Any] = lambda value: value) -> tuple[Callable, Callable]:
    return lambda widget: convert(getattr(widget, name)), lambda widget, value: setattr(widget, name, value)


def _is(kind: Any, plain: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, plain)


_TOGGLE = ("toggled(bool)", *_of("checked"))
_WHOLE = ("valueChanged(int)", *_of("value"))
_NUMBER = ("valueChanged(double)", *_of("value"))
_WHOLE_NUMBER = ("valueChanged(double)", *_of("value", round))
_SLIDERS = ("QDoubleSpinBox", "ctkSliderWidget", "qMRMLSliderWidget", "ctkDoubleSlider", "ctkDoubleSpinBox")
_PLAIN = (
    (bool, dict.fromkeys(("QCheckBox", "ctkCheckBox", "QPushButton", "ctkCheckablePushButton"), _TOGGLE)),
    (int, {**dict.fromkeys(("QSlider", "QSpinBox"), _WHOLE), **dict.fromkeys(_SLIDERS, _WHOLE_NUMBER)}),
    (float, dict.fromkeys(_SLIDERS, _NUMBER)),
    (
        str,
        {
            "QLineEdit": ("textChanged(QString)", *_of("text")),
            "QLabel": ("", *_of("text")),
            "QTextEdit": ("textChanged()", *_of("plainText")),
        },
    ),
    (
        Path,
        {
            "ctkPathLineEdit": (
                "currentPathChanged(QString)",
                lambda widget: Path(widget.currentPath),
                lambda widget, path: widget.setCurrentPath(str(path)),
            )
        },
    ),
)
_NODES = {
    "qMRMLNodeComboBox": (
        "currentNodeChanged(vtkMRMLNode*)",
        lambda widget: widget.currentNode(),
        lambda widget, node: widget.setCurrentNode(node),
    )
}
