"""The hidden module, loaded as Slicer loads it."""

import ast
import sys

import cmake_lists
import pytest
from slicer_host.scripted_modules import load_module

AT_FILE_SCOPE = {"numpy", "scipy", "SimpleITK", "vtk", "slicer", "qt", "ctk", "prognosis", "prognosis_slicer"}


@pytest.fixture
def core(host):
    import slicer

    load_module(cmake_lists.ROOT / "PrognosisCore/PrognosisCore.py")
    return slicer.modules.prognosiscore.parent


def test_the_core_is_hidden_and_has_no_panel(core):
    assert core.hidden
    assert core.widgetRepresentationCreationEnabled is False
    assert core.dependencies == []


def test_the_core_says_what_it_is(core):
    assert core.title == "Prognosis Core"
    assert core.categories == ["Quantification"]
    assert "Research use only" in core.helpText
    assert "MIT License" in core.acknowledgementText


def imports_at_file_scope(text):
    for node in ast.parse(text).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        yield from [node.module] if isinstance(node, ast.ImportFrom) else names


@pytest.mark.parametrize("module", cmake_lists.modules(), ids=lambda module: module.name)
def test_modules_are_loaded_without_packages_that_slicer_may_lack(module):
    found = set()
    for file in cmake_lists.listed(module)[cmake_lists.SCRIPTS]:
        if not file.startswith("prognosis/"):
            names = imports_at_file_scope((module / file).read_text(encoding="utf-8"))
            found |= {
                (file, name) for name in names if name.split(".")[0] not in AT_FILE_SCOPE | sys.stdlib_module_names
            }
    assert found == set()
