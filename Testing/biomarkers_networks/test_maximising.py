import argparse
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from prognosis.biomarkers.feature_names import Feature, flatten, parse_feature
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.maximising import MaximisingOptions, maximise
from prognosis.biomarkers.networks.maximising_features import maximise_features
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet import SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.networks.unet_receptive import receptive_field
from prognosis.cli import biomarkers_maximize
from prognosis.cli.console import Console
from prognosis.errors import InputError, UsageError
from prognosis.imaging.readers import read_volume
from prognosis.report.maximised_gallery import draw_gallery

THIN = (4, 6, 8, 10, 512)
QUICK = MaximisingOptions(steps=8, learning_rate=4.0, total_variation=0.05, jitter=1)
MIDDLE = Feature(Modality.PET, ((1 * 6 + 3) * 6 + 2) * 512 + 5)
DEAD_CHANNEL = 7


@pytest.fixture
def network():
    """A network whose channel 7 can never be active."""
    torch.manual_seed(0)
    network = SegmentingUNet(UNetOptions(UNetKind.COMPACT, THIN))
    with torch.no_grad():
        network(torch.randn(2, 1, 48, 96, 96) * 50)
        network.down[4].adn.N.weight[DEAD_CHANNEL] = 0.0
        network.down[4].adn.N.bias[DEAD_CHANNEL] = -1.0
        network.down[4].adn.N.bias[[5, 320]] = 0.05
    return network.eval()


@pytest.fixture
def segmenters(network):
    def segmenter(modality, scale, *, demonstration=False):
        used = NetworkUsed(f"a-{modality}-net", "ab" * 32, demonstration)
        return Segmenter(network, modality, scale, RegionOptions(spacing_mm=1.5), used)

    return {
        Modality.CT: segmenter(Modality.CT, Normalisation(-500, 200, 100.0)),
        Modality.PET: segmenter(Modality.PET, Normalisation(0.01, 20, 20.0), demonstration=True),
    }


def test_the_image_has_the_activation_it_is_said_to_have(network):
    found = maximise(network, MIDDLE.index, QUICK, limits=(-60.0, 195.0))
    assert found.image.shape == (48, 96, 96)
    assert found.image.min() >= -60
    assert found.image.max() <= 195
    with torch.inference_mode():
        features = flatten(network.encode(torch.from_numpy(found.image)[None, None]).numpy())[0]
    assert features[MIDDLE.index] == pytest.approx(found.best, rel=1e-4)
    assert found.best == max(found.activations)
    assert len(found.activations) == QUICK.steps + 1
    assert found.best > 3 * found.activations[0]
    assert not found.dead


def test_nothing_grows_where_the_feature_does_not_look(network):
    plain = MaximisingOptions(steps=4, total_variation=0, jitter=0)
    found = maximise(network, MIDDLE.index, plain, limits=(-60.0, 195.0))
    field = receptive_field(network, MIDDLE)
    outside = np.ones(found.image.shape, bool)
    half = (field.size - 1) / 2
    outside[tuple(slice(max(0, int(at - half)), int(at + half) + 1) for at in field.centre)] = False
    noise = np.random.default_rng(0).normal(0, 1, found.image.shape).astype(np.float32)
    assert np.array_equal(found.image[outside], noise[outside])
    assert np.abs(found.image - noise)[~outside].max() > 4


def test_the_seed_decides(network):
    first, again = (maximise(network, MIDDLE.index, QUICK) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    other = maximise(network, MIDDLE.index, MaximisingOptions(**{**vars(QUICK), "seed": 1}))
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize(
    ("name", "strong", "measure"),
    [
        ("l2", 20.0, lambda image: np.abs(image).mean()),
        ("total_variation", 0.4, lambda image: np.abs(np.diff(image, axis=2)).mean()),
    ],
)
def test_a_penalty_does_what_its_name_says(name, strong, measure, network):
    values = {"steps": 15, "learning_rate": 4.0, "l2": 0.0, "total_variation": 0.0}
    free, drawn = (
        maximise(network, MIDDLE.index, MaximisingOptions(**{**values, name: weight}), limits=(-60.0, 195.0))
        for weight in (0.0, strong)
    )
    assert measure(drawn.image) < 0.8 * measure(free.image)
    assert drawn.best < free.best


def test_the_network_stays_as_it_was(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    maximise(network, MIDDLE.index, QUICK)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(one.grad is None and one.requires_grad for one in network.parameters())


def test_a_feature_that_is_never_active_is_called_dead(network):
    found = maximise(network, DEAD_CHANNEL, QUICK)
    assert found.dead
    assert found.best == 0
    assert set(found.activations) == {0.0}


def test_progress_reaches_the_last_step(network):
    told = []
    maximise(network, 3, QUICK, lambda *now: told.append(now))
    assert told[-1] == ("maximising", 8, 8)


@pytest.mark.parametrize(
    "values",
    [{"steps": 0}, {"learning_rate": 0.0}, {"jitter": 17}, {"l2": -1.0}, {"total_variation": float("inf")}],
    ids=str,
)
def test_impossible_options_are_refused(values):
    with pytest.raises(ValueError, match="got"):
        MaximisingOptions(**values)


def test_regions_come_in_hounsfield_units_and_suv(segmenters):
    ct, pet = maximise_features(segmenters, [parse_feature("C16704"), MIDDLE], QUICK)
    assert ct.values.min() >= -500
    assert ct.values.max() <= 200
    scaled = segmenters[Modality.CT].normalisation(ct.values)
    assert np.allclose(scaled, ct.result.image, atol=1e-2)
    assert pet.values.min() >= 0.0099
    assert pet.values.max() <= 20.001


def test_a_feature_without_its_network_is_refused_before_any_work(segmenters):
    del segmenters[Modality.CT]
    with pytest.raises(InputError, match="C16704 is a feature of CT; no network given reads CT"):
        maximise_features(segmenters, [MIDDLE, parse_feature("C16704")], MaximisingOptions(steps=10**9))


def test_a_dead_feature_has_no_picture(segmenters):
    features = [Feature(Modality.CT, DEAD_CHANNEL), Feature(Modality.CT, MIDDLE.index)]
    dead, alive = maximise_features(segmenters, features, QUICK)
    (page,) = draw_gallery([dead, alive])
    picture = np.asarray(Image.open(io.BytesIO(page)).convert("L"), int)
    upper, lower = picture[100:440, 900:], picture[picture.shape[0] // 2 + 100 : -110, 900:]
    assert np.ptp(upper) < 20
    assert np.ptp(lower) > 200


def test_pages_hold_eight_features(segmenters):
    (one,) = maximise_features(segmenters, [MIDDLE], MaximisingOptions(steps=1))
    assert len(draw_gallery([one] * 9)) == 2


@pytest.fixture
def run(segmenters, monkeypatch, capsys):
    """Call the command with networks in memory."""

    def run(*arguments):
        asked = []
        monkeypatch.setattr(
            "prognosis.biomarkers.model_files.segmenters_of", lambda models: asked.append(models) or segmenters
        )
        parser = argparse.ArgumentParser()
        common = argparse.ArgumentParser(add_help=False)
        biomarkers_maximize.add_to(parser.add_subparsers(), common)
        parsed = parser.parse_args(["maximize", *map(str, arguments)])
        code = parsed.run(parsed, Console(as_json=True))
        return code, asked, json.loads(capsys.readouterr().out)

    return run


def test_the_command_writes_gallery_volumes_and_numbers(run, tmp_path, segmenters):
    (tmp_path / "options.toml").write_text("steps = 9\njitter = 1\n")
    names = f"C16704,P{DEAD_CHANNEL:05d},{MIDDLE.name},C16704"
    code, asked, document = run(
        "--model", "ct", "--model", "pet", "--features", names, "--output", tmp_path / "out",
        "--config", tmp_path / "options.toml", "--steps", 3,
    )  # fmt: skip
    assert code == 0
    assert asked == [["ct", "pet"]]
    assert document == json.loads((tmp_path / "out" / "gallery.json").read_text())
    assert (document["options"]["steps"], document["options"]["jitter"]) == (3, 1)
    first, dead, last = document["features"]
    assert (first["name"], first["channel"], first["position_zyx"]) == ("C16704", 320, [0, 5, 2])
    assert (dead["never_active"], dead["volume"]) == (True, None)
    assert last["model"] == {"name": "a-pet-net", "sha256": "ab" * 32, "demonstration": True}
    assert document["versions"]["prognosis"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["C16704.nrrd", f"{MIDDLE.name}.nrrd", "gallery-01.png", "gallery.json"]
    )
    volume = read_volume(tmp_path / "out" / "C16704.nrrd")
    assert volume.geometry.spacing == (1.5, 1.5, 1.5)
    assert volume.modality == "CT"
    assert volume.phantom == "activation maximisation"
    assert volume.array.shape == (48, 96, 96)


def test_a_gallery_is_replaced_only_when_asked(run, tmp_path):
    given = ("--features", MIDDLE.name, "--output", tmp_path / "out", "--steps", 1)
    run(*given)
    with pytest.raises(UsageError, match="already exists"):
        run(*given)
    assert run(*given, "--overwrite")[0] == 0


@pytest.mark.parametrize(("names", "error"), [("C55296", InputError), (",", UsageError)])
def test_names_that_are_no_features_are_refused(names, error, run, tmp_path):
    with pytest.raises(error, match="no feature|names none"):
        run("--features", names, "--output", tmp_path / "out")
