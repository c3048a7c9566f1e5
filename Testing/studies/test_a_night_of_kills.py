"""A cohort scored while it is killed again and again: nothing lost, nothing twice, nothing half, no good case harmed.

`PROGNOSIS_STUDY_PATIENTS=1000` runs the study at full size.
"""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort

PATIENTS = int(os.environ.get("PROGNOSIS_STUDY_PATIENTS", "200"))
SAME_FILES = ("lesions.csv", "risk_labels.nrrd", "risk_labels.ctbl", "overlay.png")
SECRET = "GEHEIMRAT"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def missing(image, lesions):
    image.unlink()


def truncated(image, lesions):
    image.write_bytes(image.read_bytes()[:-20_000])


def empty(image, lesions):
    image.write_bytes(b"")


def no_image(image, lesions):
    image.write_text("This is a letter.", encoding="utf-8")


def nan_voxels(image, lesions):
    ct = sitk.Cast(sitk.ReadImage(str(image)), sitk.sitkFloat32)
    ct[3, 3, 3] = float("nan")
    sitk.WriteImage(ct, str(image))


def fractions(image, lesions):
    mask = sitk.Cast(sitk.ReadImage(str(image)), sitk.sitkFloat32) * 0
    mask[30, 20, 20] = 0.4
    sitk.WriteImage(mask, str(lesions))


def elsewhere(image, lesions):
    mask = sitk.Cast(sitk.ReadImage(str(image)) * 0, sitk.sitkUInt8)
    mask[30, 20, 20] = 1
    mask.SetOrigin((5000.0, 0.0, 0.0))
    sitk.WriteImage(mask, str(lesions))


def a_folder(image, lesions):
    image.unlink()
    image.mkdir()


def flat(image, lesions):
    sitk.WriteImage(sitk.ReadImage(str(image))[:, :, 5], str(image))


def constant(image, lesions):
    sitk.WriteImage(sitk.ReadImage(str(image)) * 0, str(image))


# How a patient is broken -> what the summary must say.
BREAKAGES = {
    missing: "image does not exist",
    truncated: "image is truncated or damaged",
    empty: "image: its header tells no voxel spacing",
    no_image: "image: its header tells no voxel spacing",
    nan_voxels: "image holds 1 voxels that are NaN or infinite",
    fractions: "lesions is no label map: it holds the value 0.4",
    elsewhere: "of lesions lies wholly outside the image",
    a_folder: "image holds no CT, PET or MR image series",
    flat: "image has 2 dimensions",
    constant: "image: all its voxels are 0",
}


@dataclass(frozen=True)
class Cohort:
    """A table on disk.

    Args:
        broken: Row -> what its cause must say.
        good: Rows that can be scored.
    """

    table: Path
    broken: dict[int, str]
    good: tuple[int, ...]


def make_cohort(folder, patients, broken, seed):
    """Simulated patients, some of them broken; their folders and ids bear a name that nobody may see."""
    options = LesionPhantomOptions(
        patients=patients, seed=seed, size=(60, 48, 40), spacing=(4.0, 4.0, 5.0), median_lesions=4
    )
    write_cohort(options, folder)
    rows = [("patient_id", "image", "lesions")]
    chosen = random.Random(seed).sample(range(patients), broken)
    ways = list(BREAKAGES.items())
    expected = {}
    for number in range(patients):
        home = folder / f"patient-{number:06d}"
        named = home.rename(folder / f"{SECRET}^{number:06d}")
        image, lesions = named / f"{SECRET}-{number}.nrrd", named / f"{SECRET}-{number}.seg.nrrd"
        (named / "image.nrrd").rename(image)
        (named / "lesions-1.seg.nrrd").rename(lesions)
        rows.append((f"{SECRET} {number}", image.relative_to(folder), lesions.relative_to(folder)))
        if number in chosen:
            breakage, words = ways[chosen.index(number) % len(ways)]
            breakage(image, lesions)
            expected[number + 2] = words
    table = folder / "night.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return Cohort(table, expected, tuple(row for row in range(2, patients + 2) if row not in expected))


def start(cohort, output):
    command = [sys.executable, "-m", "prognosis", "lesions", "score", "--cohort", cohort.table, "--output", output]
    return subprocess.Popen(
        [str(part) for part in (*command, "--workers", 2, "--json")],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(run):
    out, err = run.communicate(timeout=3600)
    assert SECRET not in out + err
    return run.returncode, json.loads(out)


def shown(output):
    return {path.name for path in output.glob("case-*")}


def kill_at_random(cohort, output, chance, most_new, latest=6.0):
    """Start a run and kill it after some new cases, or while it starts: the parent alone, or all of it."""
    run = start(cohort, output)
    wanted = len(shown(output)) + chance.randint(0, most_new)
    while run.poll() is None and len(shown(output)) < wanted:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 1.0 if chance.random() < 0.7 else latest))
    kill = chance.choice((os.kill, os.killpg))
    if run.poll() is None:
        kill(run.pid, signal.SIGKILL)
    run.communicate()


def summary_of(output):
    with (output / "summary.csv").open(encoding="utf-8") as stream:
        return {int(row["row"]): row for row in csv.DictReader(stream)}


def check(cohort, output):
    """Every good patient once, every broken one named, nothing else."""
    names = {f"case-{row:06d}" for row in cohort.good}
    assert shown(output) == names
    assert {path.name for path in output.iterdir()} - names == {".lock", "batch.json", "summary.csv", "summary.html"}
    summary = summary_of(output)
    assert set(summary) == {*cohort.good, *cohort.broken}
    for row, words in cohort.broken.items():
        assert summary[row]["state"] == "failed"
        assert words in summary[row]["cause"], (words, summary[row]["cause"])
    for row in cohort.good:
        assert summary[row]["state"] in ("done", "kept")
        patient = json.loads((output / f"case-{row:06d}/patient.json").read_text(encoding="utf-8"))
        assert summary[row]["risk"] == ("" if patient["risk"] is None else f"{patient['risk']:.9g}")
    for page in ("summary.csv", "summary.html"):
        assert SECRET not in (output / page).read_text(encoding="utf-8")


def assert_equal(first, second, rows):
    for row in rows:
        for name in SAME_FILES:
            a, b = (folder / f"case-{row:06d}" / name for folder in (first, second))
            assert a.read_bytes() == b.read_bytes(), (row, name)


def memory_of_workers(parent):
    """Process -> resident megabytes, of the children of a process."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if fields["PPid"].strip() == str(parent) and "VmRSS" in fields:
            found[int(status.parent.name)] = int(fields["VmRSS"].split()[0]) / 1e3
    return found


def watch(run, output, cases):
    """The memory of each worker once a second while it scores the latter part of a cohort."""
    seen = {}
    while run.poll() is None:
        if len(shown(output)) > 0.2 * cases:
            for worker, megabytes in memory_of_workers(run.pid).items():
                if megabytes > 200:
                    seen.setdefault(worker, []).append(megabytes)
        time.sleep(0.5)
    return seen


def test_a_short_night(tmp_path):
    cohort = make_cohort(tmp_path / "cohort", patients=16, broken=5, seed=31)
    chance = random.Random(3)
    for _ in range(3):
        kill_at_random(cohort, tmp_path / "out", chance, most_new=3, latest=2.0)
    kept = len(shown(tmp_path / "out"))
    code, result = finish(start(cohort, tmp_path / "out"))
    assert code == 1
    assert Counter(result | {"summary": 0}) == Counter(done=11 - kept, kept=kept, failed=5, not_started=0, summary=0)
    check(cohort, tmp_path / "out")


@pytest.mark.long
def test_a_long_night(tmp_path, capsys):
    kills = 20
    cohort = make_cohort(tmp_path / "cohort", patients=PATIENTS, broken=30, seed=32)
    begun = time.monotonic()
    undisturbed = start(cohort, tmp_path / "undisturbed")
    memory = watch(undisturbed, tmp_path / "undisturbed", PATIENTS)
    assert finish(undisturbed)[0] == 1
    seconds = time.monotonic() - begun
    check(cohort, tmp_path / "undisturbed")
    chance = random.Random(4)
    most_new = max(1, int(1.6 * (len(cohort.good) / kills - 4)))
    for _ in range(kills):
        kill_at_random(cohort, tmp_path / "out", chance, most_new)
    kept = len(shown(tmp_path / "out"))
    code, result = finish(start(cohort, tmp_path / "out"))
    good = len(cohort.good)
    assert (code, result["done"], result["kept"], result["failed"]) == (1, good - kept, kept, 30)
    check(cohort, tmp_path / "out")
    assert_equal(tmp_path / "undisturbed", tmp_path / "out", cohort.good)
    growth = [np.median(seen[-len(seen) // 4 :]) / np.median(seen[: len(seen) // 4]) for seen in memory.values()]
    with capsys.disabled():
        print(
            f"\n{PATIENTS} patients in {seconds:.0f} s undisturbed, {seconds / PATIENTS:.2f} s a patient on 2 workers; "
            f"{kept} kept over {kills} kills; memory of the workers "
            f"{', '.join(f'{seen[0]:.0f} to {seen[-1]:.0f} MB' for seen in memory.values())}"
        )
    assert len(memory) == 2
    assert max(growth) < 1.05
