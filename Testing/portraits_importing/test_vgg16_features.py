"""VGG16's features from torchvision's file give what the layers give one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from prognosis.bundles.model_used import Description
from prognosis.errors import ModelError
from prognosis.files import sha256_of
from prognosis.portraits import vgg16
from prognosis.portraits.comparing.features import bundled_vgg16
from prognosis.portraits.importing import import_network
from prognosis.portraits.vgg16 import Vgg16Features, load_vgg16

Write = Callable[..., tuple[Path, dict[str, torch.Tensor]]]
BLOCKS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))


def _one_by_one(tensors: dict[str, torch.Tensor], images: torch.Tensor) -> list[torch.Tensor]:
    x = (images.double() - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    blocks = []
    for block in BLOCKS:
        for index in block:
            weight, bias = (tensors[f"features.{index}.{part}"].double() for part in ("weight", "bias"))
            patches = functional.unfold(x, 3, padding=1)
            x = (weight.flatten(1) @ patches + bias[:, None]).clamp(min=0).unflatten(2, x.shape[2:])
        blocks.append(x)
        x = x.unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(4, 5))
    return blocks


def test_features_are_those_of_the_layers_one_by_one(write: Write, description: Description, tmp_path: Path) -> None:
    path, tensors = write("vgg16")
    network = load_vgg16(import_network(path, tmp_path / "features", description))
    images = torch.rand(2, 3, 34, 33, generator=torch.Generator().manual_seed(0))

    with torch.inference_mode():
        blocks = network(images)

    expected = _one_by_one(tensors, images)
    assert [tuple(block.shape) for block in blocks] == [tuple(block.shape) for block in expected]
    for block, right in zip(blocks, expected, strict=True):
        assert float(right.std()) > 0.1
        torch.testing.assert_close(block.double(), right, rtol=1e-4, atol=1e-4)


def test_weights_of_another_network_are_refused(description: Description, tmp_path: Path) -> None:
    path = tmp_path / "vgg11.pth"
    torch.save({"features.0.weight": torch.ones(64, 3, 3, 3), "features.0.bias": torch.ones(64)}, path)

    with pytest.raises(ModelError, match=r"another network.*missing: features\.2\.weight"):
        import_network(path, tmp_path / "features", description)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 15, 32)], ids=["one", "grey", "tiny"])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        network = Vgg16Features()
    with pytest.raises(ValueError, match="images must be"):
        network(torch.rand(shape))


def test_the_smallest_images_have_all_features() -> None:
    with torch.device("meta"):
        network = Vgg16Features()
        blocks = network(torch.rand(1, 3, 16, 31))
    assert [tuple(block.shape[2:]) for block in blocks] == [(16, 31), (8, 15), (4, 7), (2, 3), (1, 1)]


def test_the_names_are_torchvisions() -> None:
    with torch.device("meta"):
        names = list(Vgg16Features().state_dict())
    assert names == [f"features.{index}.{part}" for block in BLOCKS for index in block for part in ("weight", "bias")]


@pytest.mark.parametrize("known", [True, False], ids=["torchvision's file", "another file"])
def test_only_the_weights_that_were_validated_are_called_so(
    write: Write, description: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """No file of the right hash can be made up, so that of the file at hand is taken for the right one."""
    path, tensors = write("vgg16")
    if known:
        monkeypatch.setattr(vgg16, "KNOWN_SHA256", sha256_of(path)[:8])

    network = bundled_vgg16(import_network(path, tmp_path / "features", description))

    assert (network.name, network.validated) == ("faces", known)
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for block, right in zip(network.layers(images), _one_by_one(tensors, (images + 1) / 2), strict=True):
        torch.testing.assert_close(block.double(), right, rtol=1e-4, atol=1e-4)


def test_a_generator_is_no_feature_network(write: Write, description: Description, tmp_path: Path) -> None:
    bundle = import_network(write("genforce")[0], tmp_path / "faces", description)

    with pytest.raises(ModelError, match="not the features of VGG16"):
        load_vgg16(bundle)
