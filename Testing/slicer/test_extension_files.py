"""What the extension ships: every file is listed, and none overwrites another once all modules lie in one folder."""

import json
import shutil
import sys
from collections import Counter

import cmake_lists
import pytest
from PIL import Image

MODULES = cmake_lists.modules()
HIDDEN = ("PrognosisCore",)
SCHEMA_KEYS = {"$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies",
               "build_subdirectory", "enabled", "tier"}  # fmt: skip


def shipped(module):
    return [file for files in cmake_lists.listed(module).values() for file in files]


def importable(module):
    """The names at the top of the module's folder that Python can import."""
    return {
        file.split("/")[0].removesuffix(".py")
        for file in cmake_lists.listed(module)[cmake_lists.SCRIPTS]
        if file.count("/") == 0 or file.endswith("/__init__.py")
    }


@pytest.fixture
def a_module(tmp_path):
    """A copy of a small module whose lists are right."""
    folder = tmp_path / "Small"
    (folder / "Resources").mkdir(parents=True)
    for name in ("Small.py", "Resources/A picture.png"):
        (folder / name).touch()
    (folder / "CMakeLists.txt").write_text(
        "set(MODULE_NAME Small)\n"
        "# Comments (and brackets) stay.\n"
        'set(MODULE_PYTHON_SCRIPTS\n  Small.py\n)\nset(MODULE_PYTHON_RESOURCES\n  "Resources/A picture.png"\n)\n'
        "slicerMacroBuildScriptedModule(NAME Small)\n",
        encoding="utf-8",
    )
    return folder


def test_the_extension_has_its_modules():
    assert [module.name for module in MODULES][:2] == ["PrognosisCore", "SurvivalLesionRisk"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_lists_agree_with_the_disk(module):
    faults = cmake_lists.faults(module)
    assert not faults, "\n".join([*faults, "Mend it with: python Testing/slicer/cmake_lists.py --write"])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_only_the_module_itself_lies_beside_the_module(module):
    """Slicer tries every Python file there as a module."""
    beside = [file for file in cmake_lists.listed(module)[cmake_lists.SCRIPTS] if "/" not in file]
    assert beside == [f"{module.name}.py"]


@pytest.mark.parametrize("module", [m for m in MODULES if m.name not in HIDDEN], ids=lambda module: module.name)
def test_a_module_that_is_seen_has_an_icon(module):
    with Image.open(module / f"Resources/Icons/{module.name}.png") as icon:
        assert (icon.size, icon.mode) == ((128, 128), "RGBA")


def test_no_file_overwrites_another():
    """Neither on systems that do not tell capitals apart."""
    counted = Counter(file.casefold() for module in MODULES for file in shipped(module))
    assert [file for file, count in counted.items() if count > 1] == []


def test_no_package_hides_another():
    names = [name for module in MODULES for name in importable(module)]
    assert [name for name, count in Counter(map(str.casefold, names)).items() if count > 1] == []
    assert not set(names) & (sys.stdlib_module_names | {"slicer", "qt", "ctk", "vtk", "Testing"})


def test_a_file_that_is_not_listed_is_told_and_mended(a_module):
    (a_module / "Lib").mkdir()
    (a_module / "Lib/__init__.py").touch()
    (a_module / "Resources/more.ui").touch()
    assert cmake_lists.faults(a_module) == [
        "Small/CMakeLists.txt, MODULE_PYTHON_SCRIPTS: add Lib/__init__.py",
        "Small/CMakeLists.txt, MODULE_PYTHON_RESOURCES: add Resources/more.ui",
    ]
    cmake_lists.write(a_module)
    assert cmake_lists.faults(a_module) == []


def test_a_file_that_is_gone_is_told_and_mended(a_module):
    shutil.rmtree(a_module / "Resources")
    (told,) = cmake_lists.faults(a_module)
    assert told == "Small/CMakeLists.txt, MODULE_PYTHON_RESOURCES: remove Resources/A picture.png"
    cmake_lists.write(a_module)
    assert cmake_lists.listed(a_module)[cmake_lists.RESOURCES] == []


def test_a_file_listed_twice_is_told(a_module):
    path = a_module / "CMakeLists.txt"
    path.write_text(path.read_text().replace("  Small.py\n", "  Small.py\n  Small.py\n"))
    assert cmake_lists.faults(a_module) == ["Small/CMakeLists.txt, MODULE_PYTHON_SCRIPTS: Small.py stands there twice"]


def test_writing_right_lists_changes_nothing(a_module):
    before = (a_module / "CMakeLists.txt").read_bytes()
    cmake_lists.write(a_module)
    assert (a_module / "CMakeLists.txt").read_bytes() == before


def test_what_python_and_tools_leave_behind_is_not_shipped(a_module):
    for name in ("__pycache__/Small.cpython-312.pyc", "x.egg-info/PKG-INFO", ".cache/a.py", "m.training/state.json"):
        (a_module / name).parent.mkdir()
        (a_module / name).touch()
    assert cmake_lists.faults(a_module) == []


def test_the_catalogue_entry_keeps_to_its_schema():
    entry = json.loads((cmake_lists.ROOT / "Prognosis.json").read_text(encoding="utf-8"))
    assert set(entry) <= SCHEMA_KEYS
    assert {"$schema", "category", "scm_url"} <= set(entry)
    assert entry["category"] == "Quantification"
    assert entry["tier"] in (1, 3, 5)


def test_the_extension_has_an_icon():
    with Image.open(cmake_lists.ROOT / "Resources/Icons/Prognosis.png") as icon:
        assert (icon.size, icon.mode) == ((128, 128), "RGBA")
