"""`cmake -S . -B build`, with a stand-in for Slicer's own macros."""

import shutil
import subprocess
import sys
from pathlib import Path

import cmake_lists
import pytest

STUB = Path(__file__).parent / "stub_slicer"
COMPILERS = ("cc", "c++")

pytestmark = pytest.mark.skipif(
    shutil.which("cmake") is None or any(shutil.which(name) is None for name in COMPILERS),
    reason="CMake and compilers of C and C++ are needed",
)


@pytest.fixture(scope="module")
def configure():
    """Configure an extension; returns the finished process."""

    def configure(source, build):
        command = ["cmake", "-S", str(source), "-B", str(build), f"-DSlicer_DIR={STUB}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return configure


@pytest.fixture(scope="module")
def build(configure, tmp_path_factory):
    """The folder the extension was configured in, and what CMake said."""
    folder = tmp_path_factory.mktemp("extension") / "build"
    process = configure(cmake_lists.ROOT, folder)
    assert process.returncode == 0, process.stderr
    return folder, process.stdout + process.stderr


@pytest.fixture
def a_copy(tmp_path):
    """An extension of one module that a test may spoil."""
    root, module = tmp_path / "extension", tmp_path / "extension/SurvivalLesionRisk"
    module.mkdir(parents=True)
    text = (cmake_lists.ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    (root / "CMakeLists.txt").write_text(text.replace("add_subdirectory(PrognosisCore)\n", ""), encoding="utf-8")
    shutil.copy(cmake_lists.ROOT / "SurvivalLesionRisk/CMakeLists.txt", module)
    (module / "SurvivalLesionRisk.py").touch()
    cmake_lists.write(module)
    return root


def test_it_is_configured_without_a_warning(build):
    _, said = build
    assert [f"Module {module.name}" in said for module in cmake_lists.modules()] == [True, True]
    assert "Package Prognosis" in said
    assert "Warning" not in said


def test_what_is_installed_is_the_library_whole(build):
    """From the folder that all modules share, the command line runs and finds its model and its templates."""
    folder, _ = build
    installed = folder / "qt-scripted-modules"
    words = "import sys; sys.path.insert(0, sys.argv.pop(1)); import prognosis; print(prognosis.__path__[0]); " \
            "from prognosis.cli.main import main; sys.exit(main(sys.argv[1:]))"  # fmt: skip
    process = subprocess.run(
        [sys.executable, "-c", words, str(installed), "models", "list", "--json"],
        capture_output=True, text=True, timeout=120, check=False, cwd=folder,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    where, document = process.stdout.split("\n", 1)
    assert Path(where) == installed / "prognosis"
    assert str(installed / "prognosis/resources/models/lesions-demonstration") in document
    assert (installed / "prognosis/report/templates/lesion_report.html").is_file()
    assert (installed / "Resources/Icons/SurvivalLesionRisk.png").is_file()


def test_a_copy_is_configured(configure, a_copy, tmp_path):
    assert configure(a_copy, tmp_path / "build").returncode == 0


def test_a_listed_file_that_is_missing_stops_it(configure, a_copy, tmp_path):
    lists = a_copy / "SurvivalLesionRisk/CMakeLists.txt"
    lists.write_text(lists.read_text().replace("  SurvivalLesionRisk.py\n", "  SurvivalLesionRisk.py\n  gone.py\n"))
    process = configure(a_copy, tmp_path / "build")
    assert process.returncode != 0
    assert "'gone.py', which does not exist" in process.stderr


def test_a_module_without_its_file_stops_it(configure, a_copy, tmp_path):
    (a_copy / "SurvivalLesionRisk/SurvivalLesionRisk.py").unlink()
    process = configure(a_copy, tmp_path / "build")
    assert process.returncode != 0
    assert "SurvivalLesionRisk.py" in process.stderr
