"""One typed value in a parameter node: text for plain types, a node reference for nodes."""

import enum
import json
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from slicer_host.parameter_validation import Annotations, Choice, Default

_EMPTY = {bool: False, int: 0, float: 0.0, str: "", list: [], Path: Path()}


@dataclass(frozen=True)
class Value:
    """A parameter.

    Args:
        name: Parameter name, or role of the node reference.
        kind: Its type, without annotations.
        annotations: Its validators and hints.
        default: What a node that never held it gives.
    """

    name: str
    kind: Any
    annotations: Annotations
    default: Any

    @property
    def node_kinds(self) -> tuple[type, ...]:
        """Classes of the nodes it may refer to; none for plain values."""
        union = typing.get_origin(self.kind) in (typing.Union, types.UnionType)
        kinds = typing.get_args(self.kind) if union else (self.kind,)
        return tuple(each for each in kinds if isinstance(each, type) and issubclass(each, slicer.vtkMRMLNode))

    def prepare(self, node: slicer.vtkMRMLScriptedModuleNode) -> None:
        if not self.node_kinds and self.name not in node.GetParameterNames():
            self.write(node, self.default)

    def read(self, node: slicer.vtkMRMLScriptedModuleNode) -> Any:
        if self.node_kinds:
            return node.GetNodeReference(self.name)
        if self.name not in node.GetParameterNames():
            raise RuntimeError(f"parameter '{self.name}' is gone: the scene was closed while widgets were bound to it")
        return self._from_text(node.GetParameter(self.name))

    def write(self, node: slicer.vtkMRMLScriptedModuleNode, value: Any) -> None:
        if self.node_kinds:
            if value is not None and not isinstance(value, self.node_kinds):
                raise ValueError(f"parameter '{self.name}' takes {self.kind}, not {type(value).__name__}")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
            return
        self._check(value)
        node.SetParameter(self.name, self._to_text(value))

    def _check(self, value: Any) -> None:
        plain = typing.get_origin(self.kind) or self.kind
        accepted = (float, int) if plain is float else plain
        if not isinstance(value, accepted) or (isinstance(value, bool) and plain is not bool):
            raise ValueError(f"parameter '{self.name}' takes {self.kind}, not {value!r}")
        self.annotations.validate(value)

    def _to_text(self, value: Any) -> str:
        if isinstance(value, enum.Enum):
            return value.name
        return str(value) if isinstance(value, str | Path) else json.dumps(value)

    def _from_text(self, text: str) -> Any:
        plain = typing.get_origin(self.kind) or self.kind
        if issubclass(plain, enum.Enum):
            return plain[text]
        return plain(text) if issubclass(plain, str | Path) else plain(json.loads(text))


def value_of(name: str, hint: Any, assigned: Any, nothing: Any) -> Value:
    """Read the annotation of a class attribute; `assigned` is what stands behind `=`, or `nothing`."""
    kind, *extras = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    annotations = Annotations(tuple(extras))
    stated = annotations.first(Default)
    if assigned is not nothing:
        default = assigned
    elif stated is not None:
        default = stated.value
    else:
        default = _without_default(kind, annotations)
    return Value(name, kind, annotations, default)


def _without_default(kind: Any, annotations: Annotations) -> Any:
    choice = annotations.first(Choice)
    if choice is not None:
        return choice.choices[0]
    plain = typing.get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, enum.Enum):
        return next(iter(plain))
    return _EMPTY.get(plain)
