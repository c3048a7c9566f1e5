import numpy as np
import pytest
import torch
from torch import nn

from prognosis.biomarkers.feature_names import Feature
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.networks.unet_frozen import frozen_encoder
from prognosis.biomarkers.networks.unet_receptive import receptive_field

THIN = (2, 3, 4, 5, 512)
ARCHITECTURES = [UNetOptions(kind, THIN, norm) for kind in UNetKind for norm in Norm]


def _name(options):
    return f"{options.kind}-{options.norm}"


@pytest.fixture
def region():
    return torch.from_numpy(np.random.default_rng(0).normal(0, 50, (2, 1, 48, 96, 96)).astype(np.float32))


@pytest.mark.parametrize("options", ARCHITECTURES, ids=_name)
def test_bottleneck_and_logits_have_the_shapes_of_the_paper(options, region):
    torch.manual_seed(0)
    network = SegmentingUNet(options).eval()
    with torch.inference_mode():
        bottleneck, logits = network.encode(region), network(region)
    assert bottleneck.shape == (2, 512, 3, 6, 6)
    assert logits.shape == region.shape
    assert bottleneck.min() == 0
    assert bottleneck.max() > 0
    assert logits.min() < 0 or logits.max() > 0


@pytest.mark.parametrize("options", ARCHITECTURES, ids=_name)
def test_a_patients_answer_does_not_depend_on_others(options, region):
    network = SegmentingUNet(options).eval()
    with torch.inference_mode():
        together, alone = network.encode(region)[0], network.encode(region[:1])[0]
    assert torch.allclose(together, alone, atol=1e-4 * float(alone.max()))


def test_the_default_of_the_paper_is_as_wide_as_the_paper_says():
    network = SegmentingUNet(UNetOptions())
    widths = [[one.out_channels for one in down.modules() if isinstance(one, nn.Conv3d)] for down in network.down]
    assert widths == [[32, 32], [64, 64], [128, 128], [256, 256], [512, 512]]


def test_compact_weights_in_half_precision_fit_a_shipped_bundle():
    network = SegmentingUNet(UNetOptions(UNetKind.COMPACT))
    assert 2 * sum(one.numel() for one in network.state_dict().values()) < 8_000_000


@pytest.mark.parametrize("options", ARCHITECTURES, ids=_name)
def test_every_nonlinearity_of_the_encoder_is_a_relu_not_in_place(options):
    encoder = SegmentingUNet(options).encoder
    relus = [one for one in encoder.modules() if isinstance(one, nn.ReLU)]
    assert len(relus) == sum(isinstance(one, nn.Conv3d) for one in encoder.modules())
    assert not any(one.inplace for one in relus)


def test_weights_keep_their_names():
    names = {kind: SegmentingUNet(UNetOptions(kind, THIN)).state_dict() for kind in UNetKind}
    assert {"down.0.conv_0.conv.weight", "down.4.convs.conv_1.adn.N.bias", "up.0.upsample.deconv.weight"} <= set(
        names[UNetKind.PAPER]
    )
    assert {"down.0.conv.weight", "down.4.adn.N.running_mean", "up.3.conv.bias"} <= set(names[UNetKind.COMPACT])


def test_the_scale_of_an_image_is_known_to_batch_normalisation_alone(region):
    apart = {}
    for norm in Norm:
        torch.manual_seed(0)
        network = SegmentingUNet(UNetOptions(UNetKind.COMPACT, THIN, norm)).eval()
        with torch.inference_mode():
            once, twice = network.encode(region), network.encode(2 * region)
        apart[norm] = float((twice - once).abs().max() / once.max())
    assert apart[Norm.INSTANCE] < 0.02
    assert apart[Norm.BATCH] > 0.5


@pytest.mark.parametrize("call", ["forward", "encode"])
@pytest.mark.parametrize("shape", [(1, 1, 96, 96, 48), (1, 2, 48, 96, 96), (1, 48, 96, 96)])
def test_a_region_of_another_shape_is_refused(call, shape):
    network = SegmentingUNet(UNetOptions(UNetKind.COMPACT, THIN))
    with pytest.raises(ValueError, match=r"reads \(n, 1, 48, 96, 96\), got"):
        getattr(network, call)(torch.zeros(shape))


@pytest.mark.parametrize(
    "channels", [(8, 8, 8, 8, 256), (8, 8, 8, 512), (0, 8, 8, 8, 512), (8.0, 8, 8, 8, 512)], ids=str
)
def test_channels_that_give_another_bottleneck_are_refused(channels):
    with pytest.raises(ValueError, match="the last 512"):
        UNetOptions(UNetKind.PAPER, channels)


@pytest.mark.parametrize("kind", UNetKind)
@pytest.mark.parametrize("index", [0, ((1 * 6 + 3) * 6 + 2) * 512 + 5])
def test_a_feature_sees_what_its_receptive_field_says(kind, index):
    network = SegmentingUNet(UNetOptions(kind, THIN)).eval()
    feature = Feature(Modality.CT, index)
    encoder = _linear(frozen_encoder(network))
    voxels = torch.randn(1, 1, 48, 96, 96).requires_grad_()
    (encoder(voxels)[0, feature.channel][feature.position]).backward()
    field = receptive_field(network, feature)
    reached = voxels.grad[0, 0] != 0
    for axis, (centre, size) in enumerate(zip(field.centre, reached.shape, strict=True)):
        seen = reached.any(dim=tuple({0, 1, 2} - {axis})).nonzero().flatten()
        half = (field.size - 1) / 2
        assert int(seen.min()) == max(0, centre - half)
        assert int(seen.max()) == min(size - 1, centre + half)
        assert 0 <= field.voxel[axis] < size


def _linear(module):
    """A network without ReLUs, all weights positive, its pooling a mean: every voxel that can count does."""
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            setattr(module, name, nn.Identity())
        elif isinstance(child, nn.MaxPool3d):
            setattr(module, name, nn.AvgPool3d(child.kernel_size))
        elif isinstance(child, nn.Conv3d):
            nn.init.constant_(child.weight, 1 / child.weight[0].numel() ** 0.5)
        else:
            _linear(child)
    return module
