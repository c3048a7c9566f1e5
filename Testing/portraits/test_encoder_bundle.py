import json
from dataclasses import replace

import pytest
import torch
from encoder_making import QUICK, SIZE, SMALL, described, small_generator, written
from safetensors.torch import load

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.manifest import Architecture, ArchitectureKind, Metric
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError, UsageError
from prognosis.portraits.encoding.encoder_bundle import load_encoder, write_with_encoder
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.encoding.training import TrainedEncoder, train_encoder
from prognosis.portraits.generator_bundle import (
    DISCRIMINATOR_FILE,
    ENCODER_FILE,
    WEIGHTS_FILE,
    load_discriminator,
    load_generator,
)

FACES = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def trained():
    return train_encoder(small_generator(), None, QUICK, architecture=SMALL)


def guess(encoder):
    with torch.no_grad():
        return encoder(FACES)


def rewritten(bundle, folder, *, manifest=None, encoder=None):
    """A bundle with another manifest, its encoder exchanged or left out."""
    tensors = {name: bundle.tensors(name) for name in bundle.manifest.files if name.endswith(".safetensors")}
    tensors.pop(ENCODER_FILE, None)
    if encoder is not None:
        tensors[ENCODER_FILE] = encoder.state_dict()
    return write_bundle(folder, manifest or bundle.manifest, tensors)


def with_encoder_parameters(manifest, parameters):
    architecture = manifest.architecture
    return replace(manifest, architecture=replace(architecture, parameters={**architecture.parameters, **parameters}))


def test_a_generator_without_an_encoder_has_none(tmp_path):
    assert load_encoder(written(tmp_path / "faces")) is None


def test_an_encoder_comes_back_as_it_was_and_so_does_all_else(trained, tmp_path):
    before = written(tmp_path / "faces", texts={"notes.txt": "Drawn faces.\n"})
    after = open_bundle(write_with_encoder(before, trained, tmp_path / "both").folder)
    encoder = load_encoder(after)
    assert not encoder.training
    assert torch.equal(guess(encoder).z, guess(trained.encoder).z)
    assert torch.equal(guess(encoder).w, guess(trained.encoder).w)
    latents = torch.randn(2, SIZE.z_dim)
    with torch.no_grad():
        assert torch.equal(load_generator(after)(latents), load_generator(before)(latents))
    assert load_discriminator(after) is not None
    for name in (WEIGHTS_FILE, DISCRIMINATOR_FILE, "notes.txt"):
        assert after.manifest.files[name] == before.manifest.files[name]


def test_what_the_generator_says_of_itself_stays_and_the_encoders_numbers_join(trained, tmp_path):
    before = written(tmp_path / "faces").manifest
    after = write_with_encoder(open_bundle(tmp_path / "faces"), trained, tmp_path / "both").manifest
    for field in ("name", "version", "demonstration", "training", "licence", "intended_use", "versions", "requires"):
        assert getattr(after, field) == getattr(before, field)
    assert after.metrics["frechet_distance"] == before.metrics["frechet_distance"]
    assert after.metrics["encoder_w_r2"] == trained.metrics["encoder_w_r2"]
    assert after.created != before.created
    card = (tmp_path / "both" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "encoder_w_r2" in card
    record = json.loads((tmp_path / "both" / "encoder.json").read_text(encoding="utf-8"))
    assert record["training"]["steps"] == 6
    assert record["metrics"]["encoder_w_r2"]["n"] == 8
    assert record["generator_sha256"] == trained.record["generator_sha256"]


@pytest.mark.parametrize("stored_half", [False, True], ids=["generator in 32 bits", "generator in 16 bits"])
@pytest.mark.parametrize("half", [False, True], ids=["encoder in 32 bits", "encoder in 16 bits"])
def test_the_encoders_precision_is_its_own(trained, tmp_path, stored_half, half):
    before = written(tmp_path / "faces", half=stored_half)
    after = write_with_encoder(before, trained, tmp_path / "both", half=half)
    assert after.manifest.files[WEIGHTS_FILE] == before.manifest.files[WEIGHTS_FILE]
    kinds = {tensor.dtype for tensor in load(after.read(ENCODER_FILE)).values() if tensor.is_floating_point()}
    assert kinds == {torch.float16 if half else torch.float32}
    assert torch.allclose(guess(load_encoder(after)).w, guess(trained.encoder).w, atol=0.02)


def test_a_new_encoder_takes_the_place_of_a_former_one_in_the_same_folder(trained, tmp_path):
    written(tmp_path / "faces")
    write_with_encoder(open_bundle(tmp_path / "faces"), trained, tmp_path / "faces", overwrite=True)
    torch.manual_seed(7)
    metrics = {"encoder_z_cosine": Metric(0.5, 0.4, 0.6, 9, "faces")}
    other = TrainedEncoder(Encoder(SMALL).eval(), {"faces_drawn": 1}, metrics, ())
    bundle = write_with_encoder(open_bundle(tmp_path / "faces"), other, tmp_path / "faces", overwrite=True)
    assert torch.equal(guess(load_encoder(bundle)).z, guess(other.encoder).z)
    assert set(bundle.manifest.metrics) == {"frechet_distance", "encoder_z_cosine"}
    assert json.loads(bundle.read("encoder.json"))["faces_drawn"] == 1
    with pytest.raises(UsageError, match="already exists"):
        write_with_encoder(bundle, other, tmp_path / "faces")


def test_the_bundle_may_take_another_name(trained, tmp_path):
    bundle = write_with_encoder(written(tmp_path / "faces"), trained, tmp_path / "both", name="faces-2")
    assert bundle.manifest.name == "faces-2"


def test_an_imported_generator_keeps_the_encoders_numbers_in_its_record_alone(trained, tmp_path):
    imported = described(
        training=None,
        metrics={},
        preprocessing={"normalisation": {"image_low": -1.0}, "source": {"sha256": "0" * 64}},
    )
    bundle = write_with_encoder(written(tmp_path / "faces", manifest=imported), trained, tmp_path / "both")
    assert bundle.manifest.metrics == {}
    assert bundle.manifest.training is None
    assert set(json.loads(bundle.read("encoder.json"))["metrics"]) == set(trained.metrics)
    assert load_encoder(bundle) is not None


def test_an_encoder_that_is_described_but_not_there_is_an_error(trained, tmp_path):
    both = write_with_encoder(written(tmp_path / "faces"), trained, tmp_path / "both")
    with pytest.raises(ModelError, match="disagree on whether"):
        load_encoder(rewritten(both, tmp_path / "without"))


def test_an_encoder_that_is_there_but_not_described_is_an_error(trained, tmp_path):
    faces = written(tmp_path / "faces")
    with pytest.raises(ModelError, match="disagree on whether"):
        load_encoder(rewritten(faces, tmp_path / "odd", encoder=trained.encoder))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": (4, 8, 8)}, "describes no encoder: channels must be 4 numbers"),
        ({"channels": 4}, "describes no encoder"),
        ({"hidden": "many"}, "describes no encoder"),
        ({"z_dim": 9}, "of another size than the generator"),
        ({"resolution": 128, "channels": (4, 4, 8, 8, 8)}, "of another size than the generator"),
        ({"depth": 3}, "must describe the encoder by channels, hidden, resolution, w_dim, z_dim"),
        ({"channels": (4, 8, 8, 16)}, "belong to another network"),
    ],
    ids=["too few channels", "no channels", "no number", "dimensions", "resolution", "unknown key", "other weights"],
)
def test_encoders_that_cannot_be_the_generators_are_refused(trained, tmp_path, changes, words):
    both = write_with_encoder(written(tmp_path / "faces"), trained, tmp_path / "both")
    parameters = {**both.manifest.architecture.parameters["encoder"], **changes}
    manifest = with_encoder_parameters(both.manifest, {"encoder": parameters})
    with pytest.raises(ModelError, match=words):
        load_encoder(rewritten(both, tmp_path / "odd", manifest=manifest, encoder=trained.encoder))


def test_an_encoder_described_by_words_is_refused(trained, tmp_path):
    both = write_with_encoder(written(tmp_path / "faces"), trained, tmp_path / "both")
    manifest = with_encoder_parameters(both.manifest, {"encoder": "the usual one"})
    with pytest.raises(ModelError, match="must describe the encoder by"):
        load_encoder(rewritten(both, tmp_path / "odd", manifest=manifest, encoder=trained.encoder))


def test_a_bundle_of_something_else_has_no_place_for_an_encoder(trained, tmp_path):
    other = described(architecture=Architecture(ArchitectureKind.FEATURES_VGG16, {}))
    bundle = write_bundle(tmp_path / "vgg16", other, {"network.safetensors": {"weight": torch.zeros(2)}})
    with pytest.raises(ModelError, match="no generator of portraits"):
        load_encoder(bundle)
    with pytest.raises(ModelError, match="no generator of portraits"):
        write_with_encoder(bundle, trained, tmp_path / "both")


def test_an_encoder_of_another_generators_size_is_not_written(trained, tmp_path):
    other = replace(trained, encoder=Encoder(replace(SMALL, w_dim=9)).eval())
    with pytest.raises(ModelError, match="trained for another generator"):
        write_with_encoder(written(tmp_path / "faces"), other, tmp_path / "both")
    assert not (tmp_path / "both").exists()
