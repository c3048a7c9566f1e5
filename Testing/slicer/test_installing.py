"""What Slicer's Python lacks, asked for and installed: fakes stand in for pip, the PyTorch extension and the person."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from prognosis.errors import CancelledError, PrognosisError
from prognosis_slicer.installing import (
    REQUIRED,
    SHIPPED_WITH_SLICER,
    Installation,
    installed_version,
    question_for,
    slicers_installation,
)

ALL = {requirement.name: "99.0" for requirement in (*REQUIRED, *SHIPPED_WITH_SLICER)}


class Fakes:
    """A Python with some packages, a pip that adds to them, and a person who says yes or no."""

    def __init__(self, without=(), *, answer=True, torch_extension=True, **versions):
        self.versions = {name: versions.get(name, version) for name, version in ALL.items() if name not in without}
        self.asked, self.installed, self.torch_wanted = [], [], []
        self.answer = answer
        self.installation = Installation(
            version_of=self.versions.get,
            install=self.install,
            install_torch=self.install_torch if torch_extension else None,
            ask=self.ask if answer is not None else None,
            python="/opt/Slicer 5.12/bin/PythonSlicer",
        )

    def ask(self, question):
        self.asked.append(question)
        return self.answer

    def install(self, requirements, held):
        self.installed.append((tuple(requirements), tuple(held)))
        for requirement in requirements:
            name, _, version = requirement.partition(">=")
            self.versions[name] = version

    def install_torch(self, version):
        self.torch_wanted.append(version)
        if self.answer:
            self.versions["torch"] = "2.13.0+cpu"
        return self.answer


def test_the_list_is_the_one_of_pyproject():
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    wanted = sorted(tomllib.loads(text)["project"]["dependencies"])
    assert sorted(map(str, (*REQUIRED, *SHIPPED_WITH_SLICER))) == wanted


def test_nothing_missing_asks_and_installs_nothing():
    fakes = Fakes()
    fakes.installation.ask_and_install()
    assert (fakes.asked, fakes.installed, fakes.torch_wanted) == ([], [], [])


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("1.5", True),
        ("1.5.0", True),
        ("1.10", True),
        ("2.0rc1+cu128", True),
        ("1.4.9", False),
        ("1", False),
        ("?", False),
    ],
)
def test_versions_are_compared_as_numbers(version, enough):
    fakes = Fakes(monai=version)
    assert [requirement.name for requirement in fakes.installation.missing()] == ([] if enough else ["monai"])


def test_the_person_is_told_names_versions_and_size_before_anything_is_downloaded():
    fakes = Fakes(without=("monai", "matplotlib"))
    fakes.installation.ask_and_install()
    (question,) = fakes.asked
    assert "monai 1.5 or newer" in question
    assert "matplotlib 3.9 or newer" in question
    assert re.search(r"About \d+ MB", question)
    assert fakes.installed[0][0] == ("matplotlib>=3.9", "monai>=1.5")


def test_what_slicer_ships_is_held_and_never_asked_for():
    fakes = Fakes(without=("monai",), numpy="2.1.3", scipy="1.15.2", SimpleITK="2.5.0", torch="2.6.0+cu126")
    fakes.installation.ask_and_install()
    ((requirements, held),) = fakes.installed
    assert requirements == ("monai>=1.5",)
    assert set(held) == {"numpy==2.1.3", "scipy==1.15.2", "SimpleITK==2.5.0", "torch==2.6.0"}
    assert {one.name for one in Fakes(without=("numpy", "SimpleITK")).installation.missing()} == set()


def test_torch_comes_first_and_through_its_extension_which_asks_itself():
    fakes = Fakes(without=("torch",))
    fakes.installation.ask_and_install()
    assert fakes.torch_wanted == [">=2.6"]
    assert fakes.asked == fakes.installed == []
    both = Fakes(without=("torch", "monai"))
    both.installation.ask_and_install()
    assert both.installed[0][0] == ("monai>=1.5",)
    assert "torch==2.13.0" in both.installed[0][1]


def test_torch_comes_from_the_index_without_the_extension():
    fakes = Fakes(without=("torch",), torch_extension=False)
    fakes.installation.ask_and_install()
    assert fakes.installed[0][0] == ("torch>=2.6",)
    assert "torch 2.6 or newer" in fakes.asked[0]


@pytest.mark.parametrize("without", ["torch", "monai"])
def test_no_means_no(without):
    fakes = Fakes(without=(without, "tqdm"), answer=False)
    with pytest.raises(CancelledError):
        fakes.installation.ask_and_install()
    assert fakes.installed == []


def test_nobody_there_means_an_error_with_the_one_command_and_no_download():
    fakes = Fakes(without=("torch", "monai"), answer=None, numpy="2.1.3")
    with pytest.raises(PrognosisError) as refused:
        fakes.installation.ask_and_install()
    assert "monai>=1.5, torch>=2.6" in refused.value.what
    command = '"/opt/Slicer 5.12/bin/PythonSlicer" -m pip install "monai>=1.5" "torch>=2.6" "numpy==2.1.3"'
    assert command in refused.value.remedy
    assert fakes.installed == fakes.torch_wanted == []


def test_an_installation_that_did_not_take_is_told():
    fakes = Fakes(without=("monai",))
    idle = Installation(fakes.versions.get, lambda *_: None, None, fakes.ask, "python")
    with pytest.raises(PrognosisError, match="still lacks monai") as refused:
        idle.ask_and_install()
    assert "pip install" in refused.value.remedy


def test_the_question_adds_up_sizes():
    assert f"About {sum(one.megabytes for one in REQUIRED)} MB" in question_for(REQUIRED)


def test_versions_of_what_is_really_installed():
    assert installed_version("numpy")[0].isdigit()
    assert installed_version("no-such-package-anywhere") is None


def test_without_a_main_window_or_in_a_self_test_nobody_is_asked(host):
    assert slicers_installation().ask is None


def test_importing_loads_nothing_that_may_be_missing():
    program = (
        "import sys, prognosis_slicer.installing, prognosis_slicer.worker.local_worker\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    allowed = {*sys.stdlib_module_names, "numpy", "scipy", "SimpleITK", "vtk", "slicer"}
    names = {requirement.name for requirement in REQUIRED} | {"PIL", "PyQt5"}
    assert names & (set(said.stdout.split()) - allowed) == set()
