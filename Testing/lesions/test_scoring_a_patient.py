from dataclasses import replace

import numpy as np
import pytest
import torch

from prognosis.engines.engine import Engine
from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionSet
from prognosis.imaging.volume import Volume
from prognosis.lesions.colours import NOT_SCORED, colour_of_percentile
from prognosis.lesions.examine import examine_lesions
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.scoring import score_patient


@pytest.fixture
def score(torch_scorer):
    def score(image, lesions, model, **options):
        return score_patient(image, lesions, model, torch_scorer(model), **options)

    return score


def test_the_patients_risk_is_the_sum_of_risk_times_scale(an_image, lesions, a_model, score):
    model = a_model()
    patient = score(an_image, lesions, model).patient
    patches = np.stack([e.patch for e in examine_lesions(an_image, lesions.lesions, model.patch)])[:, None]
    with torch.inference_mode():
        expected = model.network.encoder(torch.from_numpy(patches)).squeeze(1).numpy() / 0.1
    np.testing.assert_allclose([lesion.risk for lesion in patient.lesions], expected, rtol=0.05, atol=0.05)
    assert all(lesion.contribution == lesion.risk * lesion.scale for lesion in patient.lesions)
    assert patient.risk == pytest.approx(sum(lesion.contribution for lesion in patient.lesions))
    assert sorted(lesion.rank for lesion in patient.lesions) == [1, 2, 3]
    assert max(patient.lesions, key=lambda lesion: lesion.risk).rank == 1


def test_percentile_colour_and_survival_follow_the_models_tables(an_image, lesions, a_model, score):
    patient = score(an_image, lesions, a_model()).patient
    for lesion in patient.lesions:
        assert lesion.percentile == pytest.approx(np.clip((lesion.risk + 5) * 10, 0, 100))
        assert lesion.colour == colour_of_percentile(lesion.percentile)
    assert patient.percentile == pytest.approx(np.clip((patient.risk + 20) * 2.5, 0, 100))
    assert patient.survival.survival == pytest.approx(
        tuple(np.exp(-np.array([0.1, 0.4, 0.8]) * np.exp(0.5 * patient.risk)))
    )
    assert patient.survival.at_years[1] == patient.survival.survival[0]
    assert patient.survival.at_years[5] is None


def test_measures_and_positions(an_image, lesions, a_model, score):
    first = score(an_image, lesions, a_model()).patient.lesions[0]
    left, posterior, superior = an_image.geometry.to_patient([20, 20, 8])
    assert first.centroid_ras == pytest.approx((-left, -posterior, superior))
    assert first.volume_mm3 == pytest.approx(4 / 3 * np.pi * 125, rel=0.1)
    assert first.longest_diameter_mm == pytest.approx(10.5, abs=1.0)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_orientation_of_the_image_changes_nothing(an_image, lesions, a_model, score, axes):
    """The same voxels stored in another order, lesions staying on the first lattice."""
    expected = score(an_image, lesions, a_model())
    array = np.flip(an_image.array, axis=1).transpose(axes)
    old = an_image.geometry
    to_old = np.zeros((4, 4))
    to_old[3, 3] = 1.0
    for new_axis, old_axis in enumerate(axes):
        i_old, i_new = 2 - old_axis, 2 - new_axis
        to_old[i_old, i_new] = -1.0 if old_axis == 1 else 1.0
    to_old[1, 3] = old.size[1] - 1
    turned = Volume(array, Geometry.from_affine(old.affine @ to_old, array.shape[::-1]), "CT")
    found = score(turned, lesions, a_model())
    for a, b in zip(expected.patient.lesions, found.patient.lesions, strict=True):
        assert (b.risk, b.volume_mm3) == pytest.approx((a.risk, a.volume_mm3), rel=1e-6)
    assert np.array_equal(np.flip(expected.labels_on_input.array, axis=1).transpose(axes), found.labels_on_input.array)
    assert np.array_equal(expected.labels.array, found.labels.array)


def test_an_oblique_image_is_resampled_and_says_so(an_image, lesions, a_model, score):
    turn = np.radians(15)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    tilted = replace(an_image.geometry, direction=(cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0))
    moved = tuple(
        replace(lesion, geometry=tilted.crop(_start(lesion), lesion.geometry.size)) for lesion in lesions.lesions
    )
    scored = score(replace(an_image, geometry=tilted), LesionSet(moved), a_model())
    assert any("oblique by 15 degrees" in warning for warning in scored.patient.warnings)
    assert scored.image.geometry.obliquity_degrees < 1e-6
    assert scored.labels_on_input.array.shape == an_image.array.shape
    assert set(np.unique(scored.labels_on_input.array)) == {0, 1, 2, 3}
    assert [lesion.volume_mm3 for lesion in scored.patient.lesions] == [each.volume_mm3 for each in lesions.lesions]


def _start(lesion):
    return tuple(int(v) for v in np.rint((np.asarray(lesion.geometry.origin) - (-30, -25, 100)) / (1, 1, 2.5)))


def test_a_demonstration_model_hides_its_numbers_on_a_patient(an_image, lesions, a_model, score):
    model = a_model(demonstration=True)
    hidden = score(an_image, lesions, model).patient
    assert hidden.percentile is None
    assert hidden.survival is None
    assert hidden.watermark is None
    assert all(lesion.percentile is None and lesion.rank for lesion in hidden.lesions)
    assert any("demonstration model" in warning for warning in hidden.warnings)
    asked = score(an_image, lesions, model, show_demonstration_numbers=True).patient
    phantom = score(replace(an_image, phantom="lesions"), lesions, model).patient
    for shown in (asked, phantom):
        assert shown.watermark == "DEMONSTRATION MODEL"
        assert shown.percentile is not None
        assert any("demonstration model" in warning for warning in shown.warnings)


def test_no_lesion_is_a_result(an_image, a_model, score):
    patient = score(an_image, LesionSet((), notes=("no lesion: the segmentation is empty",)), a_model()).patient
    assert patient.risk is None
    assert patient.survival is None
    assert "no lesion: the segmentation is empty" in patient.warnings
    assert "there is no lesion to score" in patient.warnings


def test_structures_named_like_organs_are_asked_about(an_image, lesions, a_model, score):
    named = LesionSet((replace(lesions.lesions[0], name="Carina"), *lesions.lesions[1:]))
    patient = score(an_image, named, a_model()).patient
    assert any(warning.startswith("Carina: scored as lesions") for warning in patient.warnings)
    assert any("organ or landmark" in flag for flag in patient.lesions[0].flags)
    assert not any("organ or landmark" in flag for flag in patient.lesions[1].flags)


def test_only_the_forty_largest_are_scored(an_image, ball, a_model, score):
    lesions = [ball(n + 1, (6 + n % 8 * 7, 5 + n // 8 * 7, 12), 2.0 + n / 30) for n in range(45)]
    patient = score(an_image, LesionSet(tuple(lesions)), a_model()).patient
    unscored = [lesion for lesion in patient.lesions if lesion.risk is None]
    smallest = sorted(lesions, key=lambda lesion: (-lesion.volume_mm3, lesion.label))[40:]
    assert {lesion.label for lesion in unscored} == {lesion.label for lesion in smallest}
    assert all(lesion.colour == NOT_SCORED and "not scored: smaller" in lesion.flags[0] for lesion in unscored)
    assert any(warning.startswith("5 of 45 lesions were not scored") for warning in patient.warnings)


def test_overlapping_lesions_are_scored_apart_and_the_higher_risk_is_painted(an_image, ball, a_model, score):
    overlapping = LesionSet((ball(1, (20, 20, 8), 6.0), ball(2, (24, 20, 8), 6.0)))
    alone = score(an_image, LesionSet(overlapping.lesions[:1]), a_model()).patient.lesions[0]
    scored = score(an_image, overlapping, a_model())
    assert scored.patient.lesions[0].risk == pytest.approx(alone.risk)
    winner = max(scored.patient.lesions, key=lambda lesion: lesion.risk)
    loser = min(scored.patient.lesions, key=lambda lesion: lesion.risk)
    both = scored.labels_on_input.array[8, 20, 22]
    assert both == winner.label
    assert any(f"overlaps lesion {winner.label}" in flag for flag in loser.flags)
    assert not any("overlaps" in flag for flag in winner.flags)


def test_more_than_255_lesions_keep_their_labels(an_image, ball, a_model, score):
    small = [replace(ball(1, (20, 20, 8), 3.0), label=n) for n in range(1, 300)]
    lesions = LesionSet((*small, ball(300, (40, 30, 12), 8.0)))
    labels = score(an_image, lesions, a_model()).labels_on_input.array
    assert labels.dtype == np.uint16
    assert labels[12, 30, 40] == 300


def test_what_lies_outside_the_training_ranges_is_flagged(an_image, lesions, a_model, score):
    model = a_model(slice_thickness_mm=(0.5, 2.0), pixel_spacing_mm=(0.5, 1.0), lesion_volume_mm3=(300.0, 1e6))
    patient = score(an_image, lesions, model).patient
    assert any("slice thickness 2.50 mm lies outside" in warning for warning in patient.warnings)
    assert not any("pixel spacing" in warning for warning in patient.warnings)
    assert [any("training range" in flag for flag in lesion.flags) for lesion in patient.lesions] == [
        False,
        False,
        True,
    ]


def test_another_modality_is_refused_and_strange_values_are_told(an_image, lesions, a_model, score):
    with pytest.raises(InputError, match="modality MR, not CT"):
        score(replace(an_image, modality="MR"), lesions, a_model())
    bright = replace(an_image, array=np.abs(an_image.array))
    assert any("Hounsfield" in warning for warning in score(bright, lesions, a_model()).patient.warnings)


def test_both_engines_agree(a_model):
    pytest.importorskip("openvino", reason="the extra 'fast' is not installed")
    model = a_model()
    patches = np.random.default_rng(0).normal(size=(43, 1, 72, 72)).astype(np.float32)
    with torch.inference_mode():
        exact = model.network.raw_risk(torch.from_numpy(patches)).numpy()
    for engine in (Engine.TORCH, Engine.OPENVINO):
        np.testing.assert_allclose(make_scorer(model.network.encoder, 72, engine)(patches), exact, atol=0.02)


def test_a_patients_risk_does_not_depend_on_who_is_scored_with_whom(a_model, torch_scorer):
    scorer = torch_scorer(a_model())
    patches = np.random.default_rng(0).normal(size=(41, 1, 72, 72)).astype(np.float32)
    np.testing.assert_allclose(scorer(patches)[[0, 40]], scorer(patches[[0, 40]]), atol=2e-3)


def test_asking_for_openvino_where_it_is_not_is_an_error(a_model, monkeypatch):
    monkeypatch.setattr("prognosis.engines.openvino_engine.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="not installed.*--engine torch"):
        make_scorer(a_model().network.encoder, 72, Engine.OPENVINO)
    assert make_scorer(a_model().network.encoder, 72, Engine.AUTO).engine.startswith("torch")
