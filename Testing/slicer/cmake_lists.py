"""The lists of shipped files in the modules' CMakeLists.txt, and the disk they have to agree with.

What a list lacks is not shipped, and nobody is told; what it has too much stops the build.

Usage:
    python Testing/slicer/cmake_lists.py            # show what is missing and what is too much
    python Testing/slicer/cmake_lists.py --write    # bring the lists up to date
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = "MODULE_PYTHON_SCRIPTS"
RESOURCES = "MODULE_PYTHON_RESOURCES"
_LISTS = (SCRIPTS, RESOURCES)
_NOT_SHIPPED = ("CMakeLists.txt", ".DS_Store")
_NOT_SHIPPED_SUFFIXES = (".pyc", ".pyo")
_NOT_SHIPPED_FOLDERS = re.compile(r"__pycache__|\..*|.*\.egg-info|.*\.training|.*\.partial-.*")


def modules(root: Path = ROOT) -> list[Path]:
    """The folders of the modules, in the order the extension builds them."""
    text = _without_comments(root / "CMakeLists.txt")
    return [root / name for name in re.findall(r"add_subdirectory\(\s*(\w+)\s*\)", text)]


def on_disk(module: Path) -> dict[str, list[str]]:
    """List name -> the files that have to stand in it, in order."""
    files = sorted(path.relative_to(module) for path in module.rglob("*") if path.is_file())
    shipped = [file for file in files if _is_shipped(file)]
    return {
        SCRIPTS: [file.as_posix() for file in shipped if file.suffix == ".py"],
        RESOURCES: [file.as_posix() for file in shipped if file.suffix != ".py"],
    }


def listed(module: Path) -> dict[str, list[str]]:
    """List name -> the files that stand in it."""
    text = _without_comments(module / "CMakeLists.txt")
    return {name: _entries(module, name, text) for name in _LISTS}


def faults(module: Path) -> list[str]:
    """A line for each file that is missing from a list, is too much in it, or stands in it twice."""
    found = []
    for name, wanted in on_disk(module).items():
        there = listed(module)[name]
        where = f"{module.name}/CMakeLists.txt, {name}"
        found += [f"{where}: add {file}" for file in wanted if file not in there]
        found += [f"{where}: remove {file}" for file in sorted(set(there)) if file not in wanted]
        found += [f"{where}: {file} stands there twice" for file in sorted(set(there)) if there.count(file) > 1]
    return found


def write(module: Path) -> None:
    """Write the lists anew and leave all else as it is."""
    path = module / "CMakeLists.txt"
    text = path.read_text(encoding="utf-8")
    for name, files in on_disk(module).items():
        block = "".join(f"  {_quoted(file)}\n" for file in files)
        text = _block(name).sub(lambda found, block=block: f"{found[1]}\n{block})", text, count=1)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Iterable[str]) -> int:
    """Show the faults, or mend them; the exit code tells whether any are left."""
    if "--write" in arguments:
        for module in modules():
            write(module)
    left = [fault for module in modules() for fault in faults(module)]
    sys.stdout.writelines(f"{fault}\n" for fault in left)
    return int(bool(left))


def _is_shipped(file: Path) -> bool:
    if file.name in _NOT_SHIPPED or file.suffix in _NOT_SHIPPED_SUFFIXES:
        return False
    return not any(_NOT_SHIPPED_FOLDERS.fullmatch(part) for part in file.parts)


def _entries(module: Path, name: str, text: str) -> list[str]:
    found = _block(name).search(text)
    if found is None:
        raise ValueError(f"{module.name}/CMakeLists.txt sets no {name}.")
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|([^\s"]+)', found[2])]


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(set\({name})\s([^)]*)\)")


def _quoted(file: str) -> str:
    return file if re.fullmatch(r"[\w./+-]+", file) else f'"{file}"'


def _without_comments(path: Path) -> str:
    return re.sub(r"#.*", "", path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
