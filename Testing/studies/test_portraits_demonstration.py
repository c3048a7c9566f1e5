"""What the shipped demonstration of portraits reaches on faces nobody has seen, and what fine-tuning adds.

Faces are drawn anew, by seeds used nowhere else. Persons are told apart by dlib's network where its file is there.
Pictures go to the folder that `PROGNOSIS_STUDY_PICTURES` names.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from faces_of_no_one import drawn, mean_gain, nearness, person_measure, photos, write_rows

from prognosis.bundles.store import shipped_models_folder
from prognosis.portraits.comparing.distribution import image_features, set_distance
from prognosis.portraits.comparing.features import perceptual_distance
from prognosis.portraits.comparing.identity import IdentityMeasure
from prognosis.portraits.finetuning.options import AugmentMode, FinetuneOptions
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.finetuning.training import Finetuned, Start, finetune
from prognosis.portraits.generator_bundle import load_discriminator, load_generator
from prognosis.portraits.projecting.models import ProjectingModels, find_generator, load_models
from prognosis.portraits.projecting.options import GuessedStart, ProjectionOptions, Space
from prognosis.portraits.projecting.projector import project
from prognosis.portraits.stylegan2.discriminator import Discriminator

BUNDLE = Path(os.environ.get("PROGNOSIS_STUDY_MODEL", shipped_models_folder() / "portraits-demonstration"))
FACES, COVERED_FACES = 200, 100
COVERED = 0.7


@pytest.fixture(scope="module")
def models() -> ProjectingModels:
    return _models(with_encoder=False)


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = Path(os.environ.get("PROGNOSIS_STUDY_PICTURES", tmp_path))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.long
def test_projections_of_fresh_faces_come_near_and_are_recognised(pictures, capsys):
    models = _models(with_encoder=True)
    wanted = photos(FACES, 900_001)
    persons = person_measure(models.identity)
    rows, reached = [("photo", wanted)], {}
    for space in Space:
        found = project(
            wanted,
            models.generator,
            models.features,
            GuessedStart(space=space),
            identity=persons,
            start=models.guess(wanted, space),
            space=models.space(space),
        )
        reached[space] = nearness(found, wanted, persons)
        rows.append((space.value, torch.stack([one.image for one in found])))
    guessed = models.generator(models.guess(wanted, Space.Z)).detach()
    rows.insert(1, ("encoder alone", guessed))
    mean_face = models.generator.synthesise(models.generator.mean_w.expand(1, models.generator.layers, -1)).detach()
    far = models.features(mean_face)
    at_mean = torch.cat([perceptual_distance(models.features(photo[None]), far) for photo in wanted]).median()
    write_rows(pictures / "portraits-projected.png", rows, columns=12)
    with capsys.disabled():
        print(f"\n{FACES} fresh faces, persons by {persons.name}; the mean face's perceptual distance {at_mean:.4f}")
        print(f"  identity distance of two of them, median: {_between(persons, wanted):.4f}")
        for space, how in reached.items():
            print(f"  {space}: {how}")
    assert reached[Space.Z].perceptual < 0.6 * at_mean
    assert reached[Space.W_PLUS].perceptual < reached[Space.W].perceptual < reached[Space.Z].perceptual
    assert reached[Space.Z].own > 0.02  # by chance 0.005
    assert reached[Space.W_PLUS].own > 0.1


@pytest.mark.long
def test_fine_tuning_to_masks_and_caps_improves_their_projection(models, pictures, capsys):
    tuned = _tuned(drawn(2000, 900_002, COVERED), images=20_000, augment=AugmentMode.ADAPTIVE)
    wanted = photos(COVERED_FACES, 900_003, COVERED)
    persons = person_measure(models.identity)
    options = ProjectionOptions(steps=300, patience=0, space=Space.W)
    found = {
        name: project(wanted, generator, models.features, options, identity=persons)
        for name, generator in (("before", models.generator), ("after", tuned.generator))
    }
    gains = {
        measure: mean_gain(*([getattr(one.distances, measure) for one in found[name]] for name in ("before", "after")))
        for measure in ("perceptual", "pixel", "identity")
    }
    rows = [(name, torch.stack([one.image for one in some])) for name, some in found.items()]
    write_rows(pictures / "portraits-covered.png", [("photo", wanted), *rows], columns=12)
    with capsys.disabled():
        print(f"\n{COVERED_FACES} fresh faces, most with masks or caps, projected to w before and after fine-tuning:")
        for name, some in found.items():
            print(f"  {name}: {nearness(some, wanted, persons)}")
        for measure, gain in gains.items():
            print(f"  mean gain, {measure}: {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f})")
    assert gains["perceptual"].low > 0
    assert gains["pixel"].low > 0


@pytest.mark.long
def test_adaptive_augmentation_on_200_photos_overfits_less_than_none(models, pictures, capsys):
    few = drawn(200, 900_004, COVERED)
    fresh = image_features([photos(1000, 900_005, COVERED)], models.features)
    rows, distances, gaps = [("learnt from", PhotoSet(few).images(range(12)))], {}, {}
    z = torch.randn(1000, models.generator.options.z_dim, generator=torch.Generator().manual_seed(4))
    for augment in (AugmentMode.NONE, AugmentMode.ADAPTIVE):
        trained = _tuned(few, images=16_000, augment=augment)
        with torch.no_grad():
            faces = torch.cat([trained.generator(some) for some in z.split(50)])
        distances[augment] = set_distance(fresh, image_features([faces], models.features))
        gaps[augment] = _overfitting(trained.discriminator, PhotoSet(few), photos(200, 900_006, COVERED))
        rows.append((augment.value, faces))
    write_rows(pictures / "portraits-augmented.png", rows, columns=12)
    with capsys.disabled():
        print("\nTrained on 200 photos; 1,000 faces against 1,000 fresh photos:")
        for augment, distance in distances.items():
            kernel = distance.kernel
            print(
                f"  {augment}: kernel distance {kernel.value:.4f} ({kernel.low:.4f} to {kernel.high:.4f}), Frechet "
                f"{distance.frechet:.3f}; the discriminator's output on photos it learnt exceeds that on others by "
                f"{gaps[augment]:.2f} SD"
            )
    gained = distances[AugmentMode.NONE].resampled - distances[AugmentMode.ADAPTIVE].resampled
    assert np.percentile(gained, 97.5) > 0
    assert gaps[AugmentMode.ADAPTIVE] < gaps[AugmentMode.NONE]


def _models(*, with_encoder: bool) -> ProjectingModels:
    return load_models(find_generator(BUNDLE), None, None, with_encoder=with_encoder, device=torch.device("cpu"))


def _tuned(pixels: np.ndarray, *, images: int, augment: AugmentMode) -> Finetuned:
    bundle = find_generator(BUNDLE)
    start = Start(load_generator(bundle), load_discriminator(bundle), bundle.manifest.name, demonstration=True)
    # As the demonstration was trained; the probability may rise within the few photos shown.
    options = FinetuneOptions(
        images=images,
        batch=16,
        augment=augment,
        augment_images=20_000,
        mixing=0.0,
        r1_weight=1.0,
        average_images=5000,
        held_out=0.0,
        seed=3,
    )
    return finetune(PhotoSet(pixels), start, options, cohort="a study")


def _between(persons: IdentityMeasure, faces: torch.Tensor) -> float:
    """Median identity distance of two of these faces."""
    embedded = persons.embed(faces)
    apart = 1 - embedded @ embedded.T
    return float(apart[torch.triu(torch.ones_like(apart), diagonal=1) > 0].median())


@torch.no_grad()
def _overfitting(discriminator: Discriminator, learnt: PhotoSet, others: torch.Tensor) -> float:
    """How much surer the discriminator is of photos it saw in training, in standard deviations of its output."""
    on_learnt = torch.cat([discriminator(some) for some in learnt.images(range(len(learnt))).split(20)])
    on_others = torch.cat([discriminator(some) for some in others.split(20)])
    return float((on_learnt.mean() - on_others.mean()) / on_others.std())
