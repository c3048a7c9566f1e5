"""`model.json`: what is read, what is refused, and how the refusal reads."""

import json
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.bundles.manifest import (
    Architecture,
    ArchitectureKind,
    Baseline,
    Calibration,
    Manifest,
    Method,
    Metric,
    Requirement,
    RiskPercentiles,
    RiskSource,
    Training,
    manifest_bytes,
    parse_manifest,
)
from prognosis.errors import ModelError

FILE = Path("somewhere/model.json")
HASH = "0123456789abcdef" * 4


def _set(*keys: str, to: Any) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return change


def _drop(*keys: str) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


FALLING = [float(-at) for at in range(101)]

REFUSED = {
    "no version": (_drop("version"), "'version' is missing"),
    "no normalisation": (_drop("preprocessing", "normalisation"), "'preprocessing.normalisation' is missing"),
    "empty normalisation": (_set("preprocessing", "normalisation", to={}), "'preprocessing.normalisation'"),
    "normalisation no mapping": (_set("preprocessing", "normalisation", to=1), "'preprocessing.normalisation'"),
    "no training": (_drop("training"), "'training' is missing"),
    "no count of events": (_drop("training", "events"), "'training.events' is missing"),
    "no calibration source": (_drop("calibration", "source"), "'calibration.source' is missing"),
    "unknown key": (_set("colour", to="red"), "'colour' is not a known key"),
    "unknown nested key": (_set("baseline", "x", to=1), "'baseline.x' is not a known key"),
    "text for a number": (_set("training", "patients", to="200"), "'training.patients' should be a whole number"),
    "truth value for a number": (_set("calibration", "slope", to=True), "'calibration.slope' should be a number"),
    "fraction for a count": (_set("training", "patients", to=2.5), "'training.patients' should be a whole number"),
    "number for a text": (_set("licence", to=1), "'licence' should be a text"),
    "empty text": (_set("licence", to="  "), "'licence' is empty"),
    "control characters": (_set("licence", to="MIT\x1b[2J"), "'licence' is empty or holds control"),
    "half a character": (_set("licence", to="MIT\ud800"), "'licence' is empty or holds control"),
    "number for a truth value": (_set("demonstration", to=1), "'demonstration' should be true or false"),
    "list for a mapping": (_set("metrics", to=[]), "'metrics' should be a mapping"),
    "mapping for a list": (_set("requires", to={}), "'requires' should be a list"),
    "null for a text": (_set("name", to=None), "'name' should be a text"),
    "null among settings": (_set("architecture", "parameters", to={"a": None}), "'architecture.parameters.a'"),
    "mappings without end": (
        _set("preprocessing", "a", to={"b": {"c": {"d": {"e": {}}}}}),
        "'preprocessing.a.b.c.d.e'",
    ),
    "settings without end": (_set("preprocessing", "deep", to=[[[[[1]]]]]), "'preprocessing.deep.0.0.0"),
    "NaN": (_set("calibration", "mean_risk", to=float("nan")), "'calibration.mean_risk' is not a finite"),
    "infinite": (_set("training_ranges", "x", to=[0.0, float("inf")]), "'training_ranges.x.1' is not a finite"),
    "NaN among settings": (_set("architecture", "parameters", to={"a": float("nan")}), "'architecture.parameters.a'"),
    "too large a number": (_set("calibration", "slope", to=10**400), "'calibration.slope' is not a finite"),
    "unknown method": (_set("method", to="tea leaves"), "'method' is 'tea leaves'; known are 'lesions'"),
    "unknown architecture": (_set("architecture", "kind", to="os.system"), "'architecture.kind' is 'os.system'"),
    "fitted calibration": (_set("calibration", "source", to="fitted"), "'calibration.source' is 'fitted'; known are"),
    "name is a path": (_set("name", to="../x"), "'name' is '../x'"),
    "name that Windows keeps for a device": (_set("name", to="con.v2"), "'name' is 'con.v2'"),
    "version of spaces": (_set("version", to="one two"), "'version' is 'one two'"),
    "no date": (_set("created", to="yesterday"), "'created' is 'yesterday'"),
    "percentiles short": (_set("risk_percentiles", "patient", to=[0.0] * 100), "'risk_percentiles' needs 101 values"),
    "percentiles fall": (_set("risk_percentiles", "lesion", to=FALLING), "'risk_percentiles' needs 101 values"),
    "range turned round": (_set("training_ranges", "x", to=[2.0, 1.0]), "'training_ranges.x' needs low <= high"),
    "range of three": (_set("training_ranges", "x", to=[1.0, 2.0, 3.0]), "'training_ranges.x' should hold 2 values"),
    "interval turned round": (_set("metrics", "C-index", "low", to=0.9), "'metrics.C-index' needs low <= high"),
    "measured on nobody": (_set("metrics", "C-index", "n", to=0), "'metrics.C-index' needs low <= high and n >= 1"),
    "times stand still": (_set("baseline", "times_days", to=[0, 365, 365]), "'baseline' needs 'times_days'"),
    "negative time": (_set("baseline", "times_days", to=[-1, 365, 400]), "'baseline' needs 'times_days'"),
    "hazard falls": (_set("baseline", "cumulative_hazard", to=[0, 0.2, 0.1]), "'baseline' needs a 'cumulative_hazard'"),
    "hazard negative": (_set("baseline", "cumulative_hazard", to=[-1, 0, 1]), "'baseline' needs a 'cumulative_hazard'"),
    "hazard of another length": (_set("baseline", "cumulative_hazard", to=[0.0]), "'baseline' needs as many values"),
    "survival beyond follow-up": (_set("training", "follow_up_days", to=1000), "goes beyond 'training.follow_up_days'"),
    "more events than patients": (_set("training", "events", to=201), "'training' needs as many annotations"),
    "negative count": (_set("training", "lesions", to=-1), "'training' holds a negative count"),
    "no follow-up": (_set("training", "follow_up_days", to=0), "'training' needs 'follow_up_days'"),
    "hash of odd length": (_set("files", to={"a.txt": "abc"}), "holds 'abc' where a SHA-256"),
    "file outside": (_set("files", to={"../a.txt": HASH}), "'../a.txt'"),
    "absolute file": (_set("files", to={"/etc/passwd.txt": HASH}), "'/etc/passwd.txt'"),
    "file in a folder": (_set("files", to={"sub/a.txt": HASH}), "'sub/a.txt'"),
    "Windows path": (_set("files", to={"..\\a.txt": HASH}), "only plain names"),
    "a pickle is listed": (_set("files", to={"model.pth": HASH}), "'model.pth', a kind that can carry code"),
    "a program is listed": (_set("files", to={"run.py": HASH}), "'run.py': only .safetensors"),
    "lists itself": (_set("files", to={"model.json": HASH}), "'files' holds model.json itself"),
    "requires without hash": (_set("requires", to=[{"name": "ct"}]), "'requires.0.sha256' is missing"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_manifest_is_refused_naming_key_and_file(manifest: Manifest, change: Callable, words: str) -> None:
    content = json.loads(manifest_bytes(manifest))
    change(content)

    with pytest.raises(ModelError) as refusal:
        parse_manifest(json.dumps(content).encode(), FILE)

    assert words in str(refusal.value)
    assert str(FILE) in str(refusal.value)
    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"", "cannot be read as JSON", id="empty"),
        pytest.param(b"{", "cannot be read as JSON", id="cut short"),
        pytest.param(b"\x80\x04\x95", "cannot be read as JSON", id="a pickle"),
        pytest.param(b"[" * 200_000, "cannot be read as JSON", id="nested without end"),
        pytest.param(b'{"n": ' + b"1" * 5000 + b"}", "cannot be read as JSON", id="a number of 5000 digits"),
        pytest.param(b'{"name": "a", "name": "b"}', "'name' stands twice", id="a key twice"),
        pytest.param(b"[]", "should be a mapping", id="a list"),
        pytest.param(b"null", "should be a mapping", id="null"),
    ],
)
def test_what_is_no_manifest_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_manifest(raw, FILE)


def test_a_manifest_comes_back_as_it_was(manifest: Manifest) -> None:
    with_all = replace(manifest, requires=(Requirement("ct-unet", HASH),), files={"notes.txt": HASH})

    assert parse_manifest(manifest_bytes(with_all), FILE) == with_all


def test_a_model_without_survival_curve_is_allowed(manifest: Manifest) -> None:
    without = replace(manifest, baseline=None)

    assert parse_manifest(manifest_bytes(without), FILE).baseline is None


_texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(str.strip)
_names = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)
_numbers = st.floats(-1e9, 1e9)
_settings = st.recursive(
    _texts | _numbers | st.integers() | st.booleans() | st.lists(_numbers, max_size=3).map(tuple),
    lambda inner: st.dictionaries(_texts, inner, max_size=2),
    max_leaves=3,
)
_rising = st.lists(_numbers, min_size=101, max_size=101).map(lambda values: tuple(sorted(values)))
_ranges = st.tuples(_numbers, _numbers).map(lambda ends: (min(ends), max(ends)))


@st.composite
def _baselines(draw: st.DrawFn) -> Baseline:
    times = sorted(draw(st.sets(st.floats(0, 900), min_size=1, max_size=5)))
    hazards = sorted(draw(st.lists(st.floats(0, 9), min_size=len(times), max_size=len(times))))
    return Baseline(tuple(times), tuple(hazards))


_manifests = st.builds(
    Manifest,
    name=_names,
    version=_names,
    method=st.sampled_from(Method),
    demonstration=st.booleans(),
    architecture=st.builds(
        Architecture, st.sampled_from(ArchitectureKind), st.dictionaries(_texts, _settings, max_size=2)
    ),
    preprocessing=st.dictionaries(_texts, _numbers, min_size=1, max_size=2).map(lambda each: {"normalisation": each}),
    label_meaning=_texts,
    training=st.builds(
        Training,
        patients=st.integers(50, 99),
        annotations=st.integers(99, 500),
        lesions=st.integers(0, 999),
        events=st.integers(0, 50),
        follow_up_days=st.floats(1000, 9000),
        epochs=st.integers(0, 99),
        seed=st.integers(0, 2**40),
        cohort=_texts,
        details=st.dictionaries(_texts, _numbers, max_size=2),
    ),
    metrics=st.dictionaries(_texts, st.just(Metric(0.5, 0.4, 0.6, 9, "so")), max_size=2),
    training_ranges=st.dictionaries(_texts, _ranges, max_size=2),
    risk_percentiles=st.builds(RiskPercentiles, _rising, _rising),
    calibration=st.builds(Calibration, _numbers, _numbers, st.sampled_from(RiskSource)),
    baseline=st.none() | _baselines(),
    licence=_texts,
    intended_use=_texts,
    created=st.datetimes().map(lambda moment: moment.isoformat()),
    versions=st.dictionaries(_texts, _texts, max_size=2),
    requires=st.lists(st.builds(Requirement, _names, st.just(HASH)), max_size=2).map(tuple),
    files=st.dictionaries(_names.map(lambda name: f"{name}.safetensors"), st.just(HASH), max_size=2),
)


@settings(max_examples=40, deadline=None)
@given(_manifests)
def test_any_valid_manifest_comes_back_as_it_was(manifest: Manifest) -> None:
    assert parse_manifest(manifest_bytes(manifest), FILE) == manifest
