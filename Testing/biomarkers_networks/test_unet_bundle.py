import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from making_regions import NARROW, SMALL

from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.training import TrainedUNet
from prognosis.biomarkers.networks.unet import SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.networks.unet_bundle import load_unet, save_unet
from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.manifest import Metric, Training
from prognosis.bundles.model_used import Description
from prognosis.errors import ModelError, UsageError

DICE = Metric(0.8, 0.7, 0.9, 20, "out of fold")


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(3)
    return TrainedUNet(
        network=SegmentingUNet(SMALL).eval(),
        modality=Modality.PET,
        normalisation=Normalisation(0.01, 20.0, 61.5),
        region=RegionOptions(1.5, scaled=True),
        training=Training(20, 22, 0, 0, 1.0, 5, 0, "simulated"),
        metrics={"dice": DICE},
        ranges={"tumour_volume_ml": (2.0, 90.0)},
    )


@pytest.mark.parametrize(("half", "tolerance"), [(False, 0.0), (True, 2e-2)], ids=["32 bits", "16 bits"])
def test_a_network_survives_its_bundle(trained, tmp_path, half, tolerance):
    saved = save_unet(tmp_path / "unet", trained, Description("my-unet"), half=half)
    found = load_unet(open_bundle(saved.folder))
    image = torch.randn(1, 1, 48, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(found.network(image), trained.network(image), rtol=tolerance, atol=tolerance)
    assert not found.network.training
    assert found.network.options == SMALL
    assert (found.modality, found.normalisation, found.region) == (
        trained.modality,
        trained.normalisation,
        trained.region,
    )
    assert (found.used.name, found.used.sha256, found.used.demonstration) == ("my-unet", saved.sha256, False)
    assert saved.manifest.metrics["dice"] == DICE
    assert saved.manifest.calibration is saved.manifest.risk_percentiles is saved.manifest.baseline is None
    assert saved.manifest.label_meaning == "tumour voxel"


def test_half_precision_is_half_as_large(trained, tmp_path):
    sizes = [
        (save_unet(tmp_path / str(half), trained, Description("m"), half=half).folder / "network.safetensors").stat()
        for half in (False, True)
    ]
    assert sizes[1].st_size < 0.55 * sizes[0].st_size


@pytest.mark.parametrize(("phantom", "asked"), [(True, False), (False, True)], ids=["simulated", "asked for"])
def test_demonstrations_are_marked(trained, tmp_path, phantom, asked):
    description = Description("demo", demonstration=asked)
    saved = save_unet(tmp_path / "unet", replace(trained, phantom=phantom), description)
    assert saved.manifest.demonstration
    assert load_unet(saved).used.demonstration


def test_the_card_says_how_well_it_segments(trained, tmp_path):
    card = (save_unet(tmp_path / "unet", trained, Description("m")).folder / "MODEL_CARD.md").read_text("utf-8")
    assert "| dice | 0.8 | 0.7 to 0.9 | 20 | out of fold |" in card
    assert "tumour voxel" in card


def test_a_folder_that_is_there_is_not_replaced_unasked(trained, tmp_path):
    save_unet(tmp_path / "unet", trained, Description("m"))
    with pytest.raises(UsageError, match="already exists"):
        save_unet(tmp_path / "unet", trained, Description("m"))
    assert save_unet(tmp_path / "unet", trained, Description("m2"), overwrite=True).manifest.name == "m2"


def altered(folder, change):
    """The bundle after a change of model.json, whose own content no hash guards."""
    file = folder / "model.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")
    return open_bundle(folder)


def _set(*keys, to):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return change


def _remove(*keys):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("method", to="lesions"), "method 'lesions'.*no U-Net"),
        (_set("architecture", "kind", to="biomarker_prognosis"), "biomarker_prognosis.*no U-Net"),
        (_set("architecture", "parameters", "kind", to="huge"), "UNetKind: 'huge' is none of paper, compact"),
        (_set("architecture", "parameters", "norm", to="layer"), "Norm: 'layer' is none of"),
        (_set("architecture", "parameters", "modality", to="mr"), "Modality: 'mr' is none of ct, pet"),
        (_remove("architecture", "parameters", "modality"), "Modality: 'None' is none of"),
        (_set("architecture", "parameters", "channels", to=[2, 2, 4, 4, 256]), "channels are 5 whole numbers"),
        (_remove("architecture", "parameters", "channels"), "UNetOptions: it must give channels, kind, norm"),
        (_set("architecture", "parameters", "depth", to=3), "UNetOptions: it must give channels, kind, norm"),
        (_set("preprocessing", "normalisation", to={"low": 1.0, "high": 0.0, "mean": 0.0}), "low < high"),
        (_remove("preprocessing", "normalisation", "mean"), "Normalisation: it must give high, low, mean"),
        (_set("preprocessing", "normalisation", "mean", to="much"), "does not describe Normalisation"),
        (_remove("preprocessing", "region"), "RegionOptions: it must give scaled, spacing_mm"),
        (_set("preprocessing", "region", "spacing_mm", to=99.0), "spacing_mm is 0.2 to 10"),
        (_set("preprocessing", "region", "scaled", to="yes"), "does not describe RegionOptions"),
    ],
)  # fmt: skip
def test_what_a_manifest_does_not_say_rightly_is_refused(trained, tmp_path, change, words):
    folder = save_unet(tmp_path / "unet", trained, Description("m")).folder
    with pytest.raises(ModelError, match=words):
        load_unet(altered(folder, change))


def test_weights_of_another_architecture_are_refused_with_the_shapes(trained, tmp_path):
    folder = save_unet(tmp_path / "unet", trained, Description("m")).folder
    wider = _set("architecture", "parameters", "channels", to=[2, 2, 4, 8, 512])
    with pytest.raises(ModelError, match=r"of another shape: .*\(network \(8, 4, 3, 3, 3\), file \(4, 4, 3, 3, 3\)\)"):
        load_unet(altered(folder, wider))


def test_both_architectures_can_be_kept(trained, tmp_path):
    options = UNetOptions(UNetKind.PAPER, NARROW)
    paper = replace(trained, network=SegmentingUNet(options).eval(), modality=Modality.CT)
    found = load_unet(save_unet(tmp_path / "unet", paper, Description("m")))
    assert found.network.options == options
    assert found.modality is Modality.CT
    assert np.isclose(found.normalisation.mean, 61.5)
