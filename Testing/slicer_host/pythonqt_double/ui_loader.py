"""Reads Qt Designer's .ui files into doubles."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import slicer
from PyQt5 import QtCore, QtGui, QtWidgets

from slicer_host.pythonqt_double import signals
from slicer_host.pythonqt_double.objects import double_of


class UiLoader(double_of(QtCore.QObject)):
    """`qt.QUiLoader`: layouts, properties, dynamic properties, custom widgets and connections."""

    _SLICER_CLASS = "QUiLoader"

    def load(self, file: QtCore.QFile, parent: QtWidgets.QWidget | None = None) -> QtWidgets.QWidget:
        return load_ui(Path(QtCore.QFile.fileName(file)), parent)


def load_ui(path: Path, parent: QtWidgets.QWidget | None = None) -> QtWidgets.QWidget:
    tree = ET.fromstring(path.read_text(encoding="utf-8"))
    widget = _widget(tree.find("widget"), parent)
    for connection in tree.iter("connection"):
        sender, signal, receiver, slot = (connection.findtext(tag) for tag in ("sender", "signal", "receiver", "slot"))
        source, target = _named(widget, sender), _named(widget, receiver)
        signals.connect(source, signal, getattr(target, slot.split("(")[0]))
    return widget


def _widget(element: ET.Element, parent: QtWidgets.QWidget | None) -> QtWidgets.QWidget:
    widget = _class(element.get("class"))(parent)
    widget.setObjectName(element.get("name", ""))
    layout = element.find("layout")
    if layout is not None:
        _fill_layout(_layout(layout, widget), layout, widget)
    for child in element.findall("widget"):
        _place(_widget(child, widget), child, widget)
    _columns(element, widget)
    for item in element.findall("item"):
        widget.addItem(*_item(item, widget))
    for prop in element.findall("property"):  # last: a current index needs its items, folding its contents
        _set(widget, prop)
    return widget


def _class(name: str) -> type:
    for module in (sys.modules["qt"], sys.modules["ctk"], slicer):
        found = getattr(module, name, None)
        if found is not None:
            return found
    raise LookupError(f"the double has no widget class '{name}'")


def _place(child: QtWidgets.QWidget, element: ET.Element, parent: QtWidgets.QWidget) -> None:
    """Hand a child that stands in no layout to the container it is a page of."""
    titles = {each.get("name"): each.findtext("string", "") for each in element.findall("attribute")}
    if isinstance(parent, QtWidgets.QTabWidget):
        parent.addTab(child, titles.get("title", ""))
    elif isinstance(parent, QtWidgets.QScrollArea):
        parent.setWidget(child)
    elif isinstance(parent, QtWidgets.QSplitter | QtWidgets.QStackedWidget):
        parent.addWidget(child)


def _columns(element: ET.Element, widget: QtWidgets.QWidget) -> None:
    labels = [column.findtext("property[@name='text']/string", "") for column in element.findall("column")]
    if labels and isinstance(widget, QtWidgets.QTableWidget):
        widget.setColumnCount(len(labels))
        widget.setHorizontalHeaderLabels(labels)
    elif labels and isinstance(widget, QtWidgets.QTreeWidget):
        widget.setHeaderLabels(labels)


def _item(element: ET.Element, widget: QtWidgets.QWidget) -> tuple[Any, ...]:
    return (element.findtext("property[@name='text']/string", ""),)


def _layout(element: ET.Element, widget: QtWidgets.QWidget | None) -> QtWidgets.QLayout:
    layout = _class(element.get("class"))(*([widget] if widget is not None else []))
    layout.setObjectName(element.get("name", ""))
    margins = {}
    for prop in element.findall("property"):
        name = prop.get("name")
        if name.endswith("Margin"):
            margins[name[:-6]] = int(prop.findtext("number"))
        else:
            _set(layout, prop)
    if margins:
        kept = QtWidgets.QLayout.contentsMargins(layout)
        sides = ("left", "top", "right", "bottom")
        layout.setContentsMargins(*(margins.get(side, getattr(kept, side)()) for side in sides))
    return layout


def _fill_layout(layout: QtWidgets.QLayout, element: ET.Element, widget: QtWidgets.QWidget) -> None:
    for item in element.findall("item"):
        content = item[0]
        if content.tag == "widget":
            child: Any = _widget(content, widget)
        elif content.tag == "layout":
            child = _layout(content, None)
        else:
            child = _spacer(content)
        _add(layout, child, {name: int(value) for name, value in item.attrib.items() if value.isdigit()})
        if content.tag == "layout":
            _fill_layout(child, content, widget)


def _add(layout: QtWidgets.QLayout, child: Any, cell: dict[str, int]) -> None:
    if isinstance(child, QtWidgets.QWidget):
        kind = "Widget"
    else:
        kind = "Layout" if isinstance(child, QtWidgets.QLayout) else "Item"
    row, column = cell.get("row", 0), cell.get("column", 0)
    if isinstance(layout, QtWidgets.QFormLayout):
        roles = QtWidgets.QFormLayout
        role = roles.SpanningRole if cell.get("colspan", 1) > 1 else (roles.LabelRole, roles.FieldRole)[column]
        getattr(layout, f"set{kind}")(row, role, child)
    elif isinstance(layout, QtWidgets.QGridLayout):
        getattr(layout, f"add{kind}")(child, row, column, cell.get("rowspan", 1), cell.get("colspan", 1))
    else:
        getattr(layout, f"add{kind}")(child)


def _spacer(element: ET.Element) -> QtWidgets.QSpacerItem:
    upright = "Vertical" in element.findtext("property[@name='orientation']/enum", "")
    fixed, free = QtWidgets.QSizePolicy.Minimum, QtWidgets.QSizePolicy.Expanding
    return QtWidgets.QSpacerItem(20, 20, fixed if upright else free, free if upright else fixed)


def _set(target: QtCore.QObject, prop: ET.Element) -> None:
    name, value = prop.get("name"), _value(prop[0], target)
    known = QtCore.QObject.metaObject(target).indexOfProperty(name) >= 0
    if not known and prop.get("stdset") != "0" and isinstance(target, QtWidgets.QWidget):
        raise AttributeError(f"{target.className()} '{target.objectName}' has no property '{name}'")
    if isinstance(target, QtWidgets.QLayout) and name in ("horizontalSpacing", "verticalSpacing", "spacing"):
        getattr(target, f"set{name[0].upper()}{name[1:]}")(value)
    elif not QtCore.QObject.setProperty(target, name, value) and known:
        raise TypeError(f"{target.className()} '{target.objectName}': '{name}' cannot be {value!r}")


def _value(element: ET.Element, target: QtCore.QObject) -> Any:
    text = element.text or ""
    match element.tag:
        case "string" | "cstring":
            return text
        case "bool":
            return text == "true"
        case "number":
            return int(text)
        case "double" | "float":
            return float(text)
        case "stringlist":
            return [each.text or "" for each in element.findall("string")]
        case "enum" | "set":
            return _enum(text, target)
        case "size":
            return QtCore.QSize(int(element.findtext("width")), int(element.findtext("height")))
        case "rect":
            return QtCore.QRect(*(int(element.findtext(tag)) for tag in ("x", "y", "width", "height")))
        case "sizepolicy":
            return _size_policy(element)
        case "font":
            return _font(element)
        case "iconset":
            return QtGui.QIcon(element.findtext("normaloff") or text)
    raise NotImplementedError(f"the loader knows no <{element.tag}> property")


def _enum(text: str, target: QtCore.QObject) -> Any:
    total: Any = None
    for part in text.split("|"):
        *owner, name = part.split("::")
        kind = getattr(sys.modules["qt"], owner[0], None) if owner and owner[0].startswith("Q") else type(target)
        one = getattr(kind, name)
        total = one if total is None else total | one
    return total if owner and owner[0].startswith("Q") else int(total)


def _size_policy(element: ET.Element) -> QtWidgets.QSizePolicy:
    policies = (getattr(QtWidgets.QSizePolicy, element.get(tag)) for tag in ("hsizetype", "vsizetype"))
    policy = QtWidgets.QSizePolicy(*policies)
    policy.setHorizontalStretch(int(element.findtext("horstretch", "0")))
    policy.setVerticalStretch(int(element.findtext("verstretch", "0")))
    return policy


def _font(element: ET.Element) -> QtGui.QFont:
    font = QtGui.QFont()
    font.setBold(element.findtext("bold", "false") == "true")
    font.setItalic(element.findtext("italic", "false") == "true")
    if element.findtext("pointsize"):
        font.setPointSize(int(element.findtext("pointsize")))
    return font


def _named(widget: QtWidgets.QWidget, name: str) -> QtCore.QObject:
    if widget.objectName == name:
        return widget
    found = QtCore.QObject.findChild(widget, QtCore.QObject, name)
    if found is None:
        raise LookupError(f"a connection names '{name}', which is not in the file")
    return found
