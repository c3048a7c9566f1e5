"""torchvision's residual networks give what their layers give one by one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import slow_resnet
import torch

from prognosis.bundles.manifest import Architecture, ArchitectureKind
from prognosis.bundles.model_used import Description
from prognosis.errors import ModelError
from prognosis.portraits.importing import import_network, notes_of
from prognosis.portraits.resnet import ResNet, load_resnet

Write = Callable[..., tuple[Path, dict[str, torch.Tensor]]]


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 66, 49, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_results_are_those_of_the_layers_one_by_one(
    write: Write, description: Description, tmp_path: Path, images: torch.Tensor, depth: int
) -> None:
    path, tensors = write("resnet", depth=depth)
    bundle = import_network(path, tmp_path / "features", description)
    network = load_resnet(bundle)

    with torch.inference_mode():
        stages, pooled, logits = network(images), network.pooled(images), network.logits(images)

    expected = slow_resnet.stages(tensors, images)
    assert bundle.manifest.architecture.parameters == {"depth": depth, "tells_classes": True}
    assert notes_of(bundle.manifest) == ()
    assert pooled.shape == (2, network.width) == (2, 2048 if depth == 50 else 512)
    for stage, right in zip(stages, expected, strict=True):
        assert float(right.std()) > 0.1
        torch.testing.assert_close(stage.double(), right, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(pooled.double(), expected[-1].mean(dim=(2, 3)), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(logits.double(), slow_resnet.logits(tensors, images), rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize(
    ("classes", "note"), [(10, "does not tell 1000 classes apart"), (None, "holds no last layer")], ids=["ten", "none"]
)
def test_another_last_layer_is_left_out_with_a_note(
    write: Write, description: Description, tmp_path: Path, images: torch.Tensor, classes: int | None, note: str
) -> None:
    path, tensors = write("resnet", classes=classes)
    bundle = import_network(path, tmp_path / "features", description)
    network = load_resnet(bundle)

    assert [note in said for said in notes_of(bundle.manifest)] == [True]
    assert note in (bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    with torch.inference_mode():
        torch.testing.assert_close(
            network(images)[3].double(), slow_resnet.stages(tensors, images)[3], rtol=1e-4, atol=1e-3
        )
        with pytest.raises(ValueError, match="without a layer that tells classes"):
            network.logits(images)


def test_files_that_do_not_count_batches_give_the_same_network(
    write: Write, description: Description, tmp_path: Path, images: torch.Tensor
) -> None:
    ones, others = (
        load_resnet(import_network(write("resnet", counted=counted)[0], tmp_path / str(counted), description))
        for counted in (True, False)
    )
    with torch.inference_mode():
        assert torch.equal(ones.logits(images), others.logits(images))


def _without(name: str) -> Callable[[dict[str, torch.Tensor]], Any]:
    return lambda tensors: tensors.pop(name)


def _added(name: str, *shape: int) -> Callable[[dict[str, torch.Tensor]], Any]:
    return lambda tensors: tensors.update({name: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_without("layer3.1.bn2.running_var"), r"missing: layer3\.1\.bn2\.running_var", id="missing"),
        pytest.param(_without("layer2.1.conv1.weight"), "2, 1, 2, 2 blocks of two convolutions", id="another depth"),
        pytest.param(
            _added("layer1.0.conv3.weight", 1), "2, 2, 2, 2 blocks of three convolutions", id="blocks of another kind"
        ),
        pytest.param(_added("layer2.0.conv1.weight", 256, 64, 3, 3), "of another shape", id="wider"),
        pytest.param(_added("attention.weight", 2), r"unexpected: attention\.weight", id="more than a ResNet"),
    ],
)
def test_what_is_no_such_network_is_refused(
    description: Description, tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], Any], words: str
) -> None:
    tensors = slow_resnet.random_network(18)
    change(tensors)
    torch.save(tensors, tmp_path / "resnet.pth")

    with pytest.raises(ModelError, match=words) as error:
        import_network(tmp_path / "resnet.pth", tmp_path / "features", description)
    assert "resnet.pth" in error.value.what
    assert not (tmp_path / "features").exists()


def test_another_bundle_is_no_resnet(write: Write, description: Description, tmp_path: Path) -> None:
    bundle = import_network(write("genforce")[0], tmp_path / "faces", description)

    with pytest.raises(ModelError, match="no ResNet"):
        load_resnet(bundle)


@pytest.mark.parametrize("parameters", [{}, {"depth": 101, "tells_classes": True}, {"depth": 18, "classes": 3}])
def test_a_description_that_cannot_be_built_is_refused(
    write: Write, description: Description, tmp_path: Path, parameters: dict[str, Any]
) -> None:
    bundle = import_network(write("resnet")[0], tmp_path / "features", description)
    architecture = Architecture(ArchitectureKind.FEATURES_RESNET, parameters)

    with pytest.raises(ModelError, match="describes no ResNet"):
        load_resnet(replace(bundle, manifest=replace(bundle.manifest, architecture=architecture)))


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 3, 31, 64)], ids=["one", "grey", "tiny"])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        network = ResNet(18)
    with pytest.raises(ValueError, match="images must be"):
        network(torch.rand(shape))


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_names_are_torchvisions(depth: int) -> None:
    with torch.device("meta"):
        state = {name: tuple(tensor.shape) for name, tensor in ResNet(depth, tells_classes=True).state_dict().items()}
    assert state == {name: tuple(tensor.shape) for name, tensor in slow_resnet.random_network(depth).items()}
