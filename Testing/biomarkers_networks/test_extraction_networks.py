import numpy as np
import pytest
import torch

from prognosis.biomarkers.feature_names import Feature
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.extraction import make_extractor
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions
from prognosis.engines.engine import Engine
from prognosis.errors import UsageError

THIN = (4, 6, 8, 10, 512)


@pytest.fixture
def region():
    return np.random.default_rng(0).normal(0, 50, (48, 96, 96)).astype(np.float32)


@pytest.fixture
def a_network():
    def a_network(kind=UNetKind.COMPACT, norm=Norm.BATCH):
        torch.manual_seed(0)
        network = SegmentingUNet(UNetOptions(kind, THIN, norm))
        with torch.no_grad():
            network(torch.randn(2, 1, 48, 96, 96) * 50)  # leaves statistics behind
        return network.eval()

    return a_network


@pytest.mark.parametrize("engine", [Engine.TORCH, Engine.OPENVINO], ids=lambda engine: engine.value)
@pytest.mark.parametrize("kind", UNetKind)
@pytest.mark.parametrize("norm", Norm)
def test_every_engine_gives_the_features_of_the_bottleneck(engine, kind, norm, a_network, region):
    network = a_network(kind, norm)
    with torch.inference_mode():
        bottleneck = network.encode(torch.from_numpy(region)[None, None])[0].numpy()
    extractor = make_extractor(network, engine=engine)
    features = extractor(region)
    assert features.dtype == np.float32
    assert features.shape == (55296,)
    feature = Feature(Modality.CT, int(np.argmax(features)))
    assert features.max() == pytest.approx(bottleneck[feature.channel][feature.position], rel=1e-4)
    expected = bottleneck.transpose(1, 2, 3, 0).ravel()
    assert np.abs(features - expected).max() <= 1e-4 * expected.max()
    assert extractor.engine.startswith(engine.value)
    assert extractor.engine.endswith("float32")


def test_an_extractor_keeps_the_network_of_the_moment(a_network, region):
    network = a_network()
    extractor = make_extractor(network, engine=Engine.TORCH)
    before = extractor(region)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert np.array_equal(extractor(region), before)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_training_network_is_extracted_in_evaluation_mode(a_network, region):
    network = a_network()
    expected = make_extractor(network, engine=Engine.TORCH)(region)
    network.train()
    assert np.array_equal(make_extractor(network, engine=Engine.TORCH)(region), expected)
    assert network.training


def test_auto_does_without_openvino_where_it_is_missing(a_network, monkeypatch):
    monkeypatch.setattr("prognosis.engines.openvino_engine.find_spec", lambda _: None)
    assert make_extractor(a_network()).engine.startswith("torch")
    with pytest.raises(UsageError, match="OpenVINO is not installed"):
        make_extractor(a_network(), engine=Engine.OPENVINO)


def test_a_region_of_another_shape_is_refused(a_network, region):
    with pytest.raises(ValueError, match=r"\(48, 96, 96\), got \(96, 96, 48\)"):
        make_extractor(a_network(), engine=Engine.TORCH)(region.T)
