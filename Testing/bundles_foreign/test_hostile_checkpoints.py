"""Nothing in a foreign file ever runs: what it asks for is named and refused."""

import ast
import os
import pickle
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from making_checkpoints import KINDS, around, content_bytes, legacy_bytes, saved, text, zip_bytes

import prognosis.bundles.foreign as room
from prognosis.bundles.foreign.reading import read_foreign
from prognosis.errors import ModelError


class _Reduces:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


def _called(name: str, *arguments: bytes) -> bytes:
    """A pickle that calls 'module name' with the arguments."""
    module, function = name.split()
    return b"\x80\x02c" + f"{module}\n{function}\n".encode() + b"(" + b"".join(arguments) + b"tR."


def _touch(marker: Path) -> bytes:
    return text(f"touch {marker}")


def _write(marker: Path) -> bytes:
    return text(f"open({str(marker)!r}, 'w').close()")


PLANTED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "os.system": (lambda m: _called("os system", _touch(m)), "'os.system'"),
    "posix.system": (lambda m: _called("posix system", _touch(m)), "'posix.system'"),
    "eval": (lambda m: _called("builtins eval", _write(m)), "'builtins.eval'"),
    "eval of Python 2": (lambda m: _called("__builtin__ eval", _write(m)), "'__builtin__.eval'"),
    "exec": (lambda m: _called("builtins exec", _write(m)), "'builtins.exec'"),
    "a class that reduces to a shell": (
        lambda m: pickle.dumps(_Reduces(subprocess.check_call, ["touch", str(m)]), protocol=4),
        "'subprocess.check_call'",
    ),
    "a call in the middle of a state dict": (
        lambda m: pickle.dumps({"weight": [1.0], "bias": _Reduces(os.system, f"touch {m}")}, protocol=2),
        "'posix.system'",
    ),
    "a name from the stack": (
        lambda m: b"\x80\x04" + text("os") + text("system") + b"\x93" + _touch(m) + b"\x85R.",
        "'os.system'",
    ),
    "a way through a name that is allowed": (
        lambda m: b"\x80\x04" + text("torch") + text("_utils.os.system") + b"\x93" + _touch(m) + b"\x85R.",
        "'torch._utils.os.system'",
    ),
    "a module split in another place": (
        lambda m: b"\x80\x04" + text("os.path") + text("os.system") + b"\x93" + _touch(m) + b"\x85R.",
        "'os.path.os.system'",
    ),
    "INST": (lambda m: b"\x80\x02(" + _touch(m) + b"ios\nsystem\n.", r"'os.system' \(pickle instruction INST\)"),
    "OBJ": (lambda m: b"\x80\x02(ccollections\nOrderedDict\n" + _touch(m) + b"o.", "pickle instruction OBJ"),
    "NEWOBJ of a foreign class": (lambda m: b"\x80\x02csubprocess\nPopen\n" + _touch(m) + b"\x85\x81.", "Popen"),
    "NEWOBJ_EX": (lambda _: b"\x80\x04ccollections\nOrderedDict\n)}\x92.", "pickle instruction NEWOBJ_EX"),
    "EXT1": (lambda m: b"\x80\x02\x82\x01" + _touch(m) + b"\x85R.", "registered extension.*EXT1"),
    "EXT4": (lambda _: b"\x80\x02\x84\x01\x00\x00\x00)R.", "registered extension.*EXT4"),
    "PERSID": (lambda _: b"\x80\x02Pos.system\n.", "outside object, 'os.system'"),
    "a persistent id that is a text": (lambda _: b"\x80\x02" + text("os.system") + b"Q.", "outside object"),
    "a persistent id of a module's program text": (
        lambda m: b"\x80\x02(" + text("module") + b"N" + text("model.py") + _write(m) + b"tQ.",
        "outside object",
    ),
    "a buffer from outside": (lambda _: b"\x80\x05\x97.", "NEXT_BUFFER"),
    "a text that is called": (lambda m: b"\x80\x02" + text("os.system") + _touch(m) + b"\x85R.", "calls 'a str'"),
    "an allowed name that is no constructor": (
        lambda m: b"\x80\x02ctorch\nFloatStorage\n" + _touch(m) + b"\x85R.",
        "calls 'torch.FloatStorage'",
    ),
    "a state for a name": (
        lambda m: b"\x80\x02ctorch\nFloatStorage\n}" + text("build") + _touch(m) + b"sb.",
        "sets the state of a ForeignName",
    ),
    "a state in slots": (
        lambda m: b"\x80\x02cargparse\nNamespace\n)\x81N}" + text("a") + _touch(m) + b"s\x86b.",
        "sets the state of a ForeignObject by a tuple",
    ),
    "a state for a text": (lambda _: b"\x80\x02" + text("a") + b"}b.", "sets the state of a str"),
    "an encoding with side effects": (
        lambda _: _called("_codecs encode", text("x"), text("zlib")),
        "'_codecs.encode' with other arguments",
    ),
    "an array of objects": (
        lambda _: b"\x80\x02cnumpy\ndtype\n" + text("O8") + b"\x89\x88\x87R.",
        "numpy values of the kind 'O8'",
    ),
    "an array of another class": (
        lambda _: b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(ctorch\nFloatStorage\nK\x00\x85C\x01btR.",
        "numpy array of an unknown class",
    ),
}
NAMES = [
    *("builtins getattr", "builtins __import__", "builtins open", "builtins compile", "builtins type"),
    *("importlib import_module", "operator attrgetter", "functools partial", "types FunctionType", "types CodeType"),
    *("marshal loads", "pickle loads", "copyreg _reconstructor", "copy_reg _reconstructor", "codecs open"),
    *("torch load", "torch.serialization load", "torch.hub load", "torch.jit load", "torch._utils _rebuild_qtensor"),
    *("torch._tensor _rebuild_from_type_v2", "torch.nn.modules.container Sequential", "numpy load", "numpy memmap"),
    *("joblib load", "runpy run_path", "webbrowser open", "shutil rmtree", "pathlib PosixPath", "ctypes CDLL"),
    *("prognosis.files write_bytes", "dnnlib.tflib.network Network", "collections defaultdict", "torch_utils misc"),
]


def _refused(path: Path, words: str, acts: list[str], marker: Path) -> None:
    acts.clear()
    with pytest.raises(ModelError, match=words) as error:
        read_foreign(path)
    assert acts == []
    assert not marker.exists()
    assert "nothing of it was run" in str(error.value)
    assert str(path) in error.value.what
    assert error.value.remedy


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("planted", PLANTED)
def test_planted_code_is_named_and_never_runs(tmp_path: Path, acts: list[str], kind: str, planted: str) -> None:
    marker = tmp_path / "marker"
    build, words = PLANTED[planted]

    _refused(around(build(marker), tmp_path / "file", kind), words, acts, marker)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_on_the_list_is_refused(tmp_path: Path, acts: list[str], name: str) -> None:
    path = around(_called(name, text("x")), tmp_path / "file", "pickle")

    _refused(path, re.escape(repr(name.replace(" ", "."))), acts, tmp_path / "marker")


@pytest.mark.parametrize("planted", ["os.system", "eval", "a class that reduces to a shell", "a name from the stack"])
def test_the_planted_code_is_real_and_the_watch_sees_it(tmp_path: Path, acts: list[str], planted: str) -> None:
    marker = tmp_path / "marker"
    pickle.loads(PLANTED[planted][0](marker))

    assert marker.exists()
    assert "pickle.find_class" in acts


def test_code_in_a_nested_save_never_runs(tmp_path: Path, acts: list[str]) -> None:
    marker = tmp_path / "marker"
    nested = legacy_bytes(_called("os system", _touch(marker)))
    path = around(_called("torch.storage _load_from_bytes", content_bytes(nested)), tmp_path / "file", "pickle")

    _refused(path, "'os.system'", acts, marker)


def test_a_nested_save_holds_one_storage_and_no_further_saves(tmp_path: Path, acts: list[str]) -> None:
    inner = legacy_bytes(b"\x80\x02}.")
    load = "torch.storage _load_from_bytes"
    other = around(_called(load, content_bytes(inner)), tmp_path / "other", "pickle")
    _refused(other, "nested torch.save of a dict", acts, tmp_path / "marker")

    twice = legacy_bytes(_called(load, content_bytes(inner)))
    path = around(_called(load, content_bytes(twice)), tmp_path / "twice", "pickle")
    _refused(path, "'torch.storage._load_from_bytes'", acts, tmp_path / "marker")


@pytest.mark.parametrize("kind", KINDS[:2])
def test_only_plain_pickles_hold_nested_saves(tmp_path: Path, acts: list[str], kind: str) -> None:
    call = _called("torch.storage _load_from_bytes", content_bytes(legacy_bytes(b"\x80\x02}.")))

    path = around(call, tmp_path / "file", kind)
    _refused(path, "'torch.storage._load_from_bytes'", acts, tmp_path / "marker")


@pytest.mark.parametrize("kind", KINDS)
def test_special_method_names_are_data_like_any_other(tmp_path: Path, acts: list[str], kind: str) -> None:
    names = ("__setstate__", "__reduce__", "__class__", "__del__", "__eq__", "__hash__", "__dict__")
    entries = b"".join(text(name) + text("os.system") for name in names)
    path = around(b"\x80\x02cargparse\nNamespace\n)\x81}(" + entries + b"ub.", tmp_path / "file", kind)

    tree = read_foreign(path).tree

    assert tree.state == dict.fromkeys(names, "os.system")
    assert type(tree).__setattr__ is object.__setattr__
    assert acts == []


def test_a_whole_module_saved_by_torch_is_refused_by_its_class(tmp_path: Path, acts: list[str]) -> None:
    path = saved(torch.nn.Linear(2, 2), tmp_path / "file", "torch zip")

    _refused(path, "'torch.nn.modules.linear.Linear'", acts, tmp_path / "marker")


@pytest.mark.parametrize("name", ["constants.pkl", "code/__torch__.py", "constants/0"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "compressed"])
def test_a_torchscript_program_is_refused(tmp_path: Path, acts: list[str], name: str, compression: int) -> None:
    path = tmp_path / "file.pt"
    path.write_bytes(zip_bytes(b"\x80\x02}.", compression=compression, **{name: b"import os"}))

    _refused(path, f"'archive/{name}': it is a TorchScript program", acts, tmp_path / "marker")


def test_a_hostile_name_cannot_break_the_message(tmp_path: Path) -> None:
    name = "\x1b[2J<script>" + "x" * 400
    path = around(b"\x80\x04" + text("os") + text(name) + b"\x93.", tmp_path / "file", "pickle")

    with pytest.raises(ModelError) as error:
        read_foreign(path)
    assert "\x1b" not in str(error.value)
    assert len(error.value.what) < len(str(path)) + 250


def test_the_readers_program_text_holds_nothing_that_unpickles_or_runs() -> None:
    files = sorted(Path(room.__path__[0]).glob("*.py"))
    assert len(files) > 8
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = {alias.name.split(".")[0] for alias in node.names} | {getattr(node, "module", None)}
                assert not named & {"pickle", "marshal", "importlib", "shelve", "joblib", "pickletools", "os"}, file
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "compile", "__import__", "torch.load", "np.load"), file
                assert not called.endswith((".loads", ".Unpickler", ".hub.load")), file
