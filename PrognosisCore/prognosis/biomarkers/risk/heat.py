"""Where in the images a patient's score comes from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.region import Region
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.attribution import HeatMethod, WeightsSeen, heat, weights_seen
from prognosis.biomarkers.networks.attribution_sanity import sanity_correlation
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.risk.model import EndpointModel
from prognosis.biomarkers.risk.results import Heat
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

METHODS = {
    HeatMethod.GUIDED: "guided backpropagation",
    HeatMethod.SMOOTH: "guided backpropagation, averaged over noisy copies of the image",
    HeatMethod.INTEGRATED: "integrated gradients from a blurred copy of the region",
}


def heat_of(
    model: EndpointModel,
    segmenters: Mapping[Modality, Segmenter],
    inputs: Mapping[Modality, NDArray[np.float32]],
    bottlenecks: Mapping[Modality, NDArray[np.float32]],
    region: Region,
    images: PatientImages,
    method: HeatMethod,
) -> Heat:
    """Trace the recalibrated log odds of an endpoint back to voxels.

    Args:
        model: The endpoint.
        segmenters: Modality -> network.
        inputs: Modality -> (48, 96, 96) what the network read.
        bottlenecks: Modality -> (55296,) what came of it.
        region: Where it lies.
        images: The patient's images, whose lattices the heat is put on.
        method: How.
    """
    maps, correlations, on_input = {}, {}, {}
    seen: dict[Modality, WeightsSeen] = {}
    for modality, segmenter in segmenters.items():
        # A slope of 0 leaves nothing to trace; the score as fitted is traced then, which a note of the endpoint says.
        weights = model.score.weights(modality) * (model.slope or 1.0)
        if weights.any():
            maps[modality] = heat(segmenter.network, inputs[modality], weights, method=method)
            seen[modality] = weights_seen(bottlenecks[modality], weights, method)
            correlations[modality] = sanity_correlation(segmenter.network, inputs[modality], weights)
        else:
            maps[modality] = np.zeros(region.geometry.shape, np.float32)
        image = images.ct if modality is Modality.CT else images.pet
        if image is not None:
            on_input[modality] = _on_lattice(maps[modality], region.geometry, image)
    return Heat(model.endpoint.key, METHODS[method], maps, on_input, correlations, seen)


def _on_lattice(values: NDArray[np.float32], source: Geometry, image: Volume) -> Volume:
    """Values of the region on an image's lattice by linear interpolation, 0 outside the region."""
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.asarray(source.size) - 1)
    reached = image.geometry.to_index(source.to_patient(corners))
    last = np.asarray(image.geometry.size) - 1
    start = np.clip(np.floor(reached.min(axis=0)), 0, last).astype(int)
    stop = np.clip(np.ceil(reached.max(axis=0)), 0, last).astype(int) + 1
    result = np.zeros(image.geometry.shape, np.float32)
    box = tuple(slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))
    into = np.linalg.inv(source.affine) @ image.geometry.affine
    matrix = into[:3, :3][::-1, ::-1]
    offset = (into[:3, :3] @ start + into[:3, 3])[::-1]
    size = tuple(int(n) for n in (stop - start)[::-1])
    result[box] = ndimage.affine_transform(values, matrix, offset=offset, output_shape=size, order=1, cval=0.0)
    return Volume(result, image.geometry, frame_of_reference_uid=image.frame_of_reference_uid, phantom=image.phantom)
