"""Photos to latents: found again where they are known, each photo as if alone, resumed bit for bit."""

from dataclasses import replace

import pytest
import torch
from projecting_making import Drawn

from prognosis.errors import CancelledError, ModelError
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.comparing.identity import network_identity
from prognosis.portraits.projecting.losses import Photos, shrunk_features
from prognosis.portraits.projecting.options import Precision, ProjectionOptions, Space
from prognosis.portraits.projecting.projector import Keeping, Previews, project
from prognosis.portraits.projecting.schedule import learning_rate

FEW = ProjectionOptions(steps=12, patience=0)


@pytest.fixture(scope="module")
def drawn():
    torch.set_num_threads(1)
    return Drawn()


def run(drawn, photos, options=FEW, **others):
    return project(photos, drawn.generator, drawn.features, options, space=drawn.spaces[options.space], **others)


def same(one, other):
    return (
        torch.equal(one.latents.w_plus, other.latents.w_plus)
        and torch.equal(one.image, other.image)
        and one.curve == other.curve
        and one.loss == other.loss
    )


@pytest.mark.parametrize("space", list(Space))
def test_a_face_of_the_generator_is_found_again(drawn, space):
    _, photos = drawn.faces(2)
    found = run(drawn, photos, ProjectionOptions(space=space, steps=80, patience=0, restarts=3))
    for one in found:
        assert one.distances.perceptual < 0.2 * one.curve[0]
        assert one.loss == pytest.approx(one.distances.perceptual + 0.1 * one.distances.pixel, rel=1e-4)


@pytest.mark.parametrize("space", list(Space))
def test_latents_are_told_in_every_space_that_follows(drawn, space):
    _, photos = drawn.faces(2)
    generator = drawn.generator
    for one in run(drawn, photos, replace(FEW, space=space)):
        latents = one.latents
        assert (latents.z is not None, latents.w is not None) == (space is Space.Z, space is not Space.W_PLUS)
        with torch.no_grad():
            torch.testing.assert_close(generator.synthesise(latents.w_plus[None])[0], one.image, atol=1e-5, rtol=1e-4)
        if latents.z is not None:
            assert float(latents.z.norm()) == pytest.approx(latents.z.numel() ** 0.5, rel=1e-5)
            with torch.no_grad():
                torch.testing.assert_close(generator.map(latents.z[None])[0], latents.w_plus)
        if latents.w is not None:
            assert torch.equal(latents.w.expand_as(latents.w_plus), latents.w_plus)


@pytest.mark.parametrize("space", list(Space))
def test_a_photo_among_others_is_projected_as_if_alone(drawn, space):
    _, photos = drawn.faces(4)
    options = replace(FEW, space=space, steps=16, restarts=2, patience=3, least_gain=0.05)
    together = run(drawn, photos, options)
    for place, one in enumerate(together):
        [alone] = run(drawn, photos[place : place + 1], options)
        assert alone.steps == one.steps
        torch.testing.assert_close(alone.latents.w_plus, one.latents.w_plus, atol=1e-3, rtol=1e-3)
        assert alone.loss == pytest.approx(one.loss, rel=1e-3)
        assert alone.restarts.latent_spread == pytest.approx(one.restarts.latent_spread, rel=1e-3)


def test_photos_of_all_parts_of_a_large_batch_are_projected(drawn):
    _, photos = drawn.faces(20)
    options = replace(FEW, steps=4, latent_noise=0.0)
    together = run(drawn, photos, options)
    for place in (0, 15, 16, 19):
        [alone] = run(drawn, photos[place : place + 1], options)
        assert alone.curve == pytest.approx(together[place].curve, rel=1e-3)
        torch.testing.assert_close(alone.latents.z, together[place].latents.z, atol=1e-3, rtol=1e-3)


def test_steps_are_those_of_adam(drawn):
    _, photos = drawn.faces(1)
    options = replace(FEW, space=Space.W, steps=8, latent_noise=0.0, fall=0.0)
    start = drawn.spaces[Space.W].middle[None].clone()
    [ours] = run(drawn, photos, options, start=start)
    latent = start.clone().requires_grad_()
    adam = torch.optim.Adam([latent], lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    wanted, losses = Photos(photos, drawn.features).at(torch.tensor([0])), []
    for step in range(options.steps):
        adam.param_groups[0]["lr"] = learning_rate(options, step)
        adam.zero_grad()
        loss = wanted.loss(drawn.generator.synthesise(latent[:, None].expand(-1, drawn.generator.layers, -1)), 0.1)
        loss.sum().backward()
        losses.append(float(loss.detach()))
        adam.step()
    assert ours.curve == pytest.approx(losses, rel=1e-4)
    assert losses[-1] < losses[0]


def test_the_search_starts_at_the_mean_latent(drawn):
    z = torch.randn(4000, drawn.generator.options.z_dim, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        w = drawn.generator.map(z)[:, 0]
    spread = float((w - w.mean(dim=0)).square().sum(dim=1).mean().sqrt())
    space = drawn.spaces[Space.W]
    assert float((space.middle - w.mean(dim=0)).norm()) < 0.05 * spread
    assert space.spread == pytest.approx(spread, rel=0.05)
    middle = drawn.spaces[Space.Z].middle
    assert float(middle.norm()) == pytest.approx(middle.numel() ** 0.5, rel=1e-5)
    with torch.no_grad():
        nearest = float((drawn.generator.map(middle[None])[0, 0] - space.middle).norm())
    assert nearest < (w - space.middle).norm(dim=1).quantile(0.01)


def test_a_photo_at_its_goal_is_finished_while_others_go_on(drawn):
    z, photos = drawn.faces(2)
    start = torch.stack([z[0], drawn.spaces[Space.Z].middle])
    options = replace(FEW, steps=40, learning_rate=0.02, latent_noise=0.0, patience=4)
    seen = []
    at_goal, far = run(
        drawn, photos, options, start=start, previews=Previews(lambda preview: seen.append(preview.photos), every=1)
    )
    assert at_goal.stopped_early
    assert at_goal.steps < 10
    assert len(at_goal.curve) == at_goal.steps
    assert at_goal.loss < 1e-6
    assert not far.stopped_early
    assert far.steps == 40
    assert seen[0] == (0, 1)
    assert seen[-1] == (1,)
    torch.testing.assert_close(at_goal.latents.z, z[0], atol=1e-3, rtol=1e-3)


def test_nothing_is_judged_while_latents_have_noise(drawn):
    z, photos = drawn.faces(1)
    [noisy] = run(drawn, photos, replace(FEW, steps=20, patience=2), start=z)
    assert noisy.steps >= 15
    assert noisy.loss == min(noisy.curve[15:])


def test_the_best_of_restarts_is_taken_and_their_spread_told(drawn):
    _, photos = drawn.faces(3)
    single = run(drawn, photos)
    several = run(drawn, photos, replace(FEW, restarts=3))
    for one, best in zip(single, several, strict=True):
        assert best.loss <= one.loss * 1.001
        assert one.restarts.latent_spread is None
        assert one.restarts.loss_spread is None
        assert best.restarts.count == 3
        assert 0 < best.restarts.latent_spread < 2
        assert best.restarts.loss_spread > 0
    assert any(best.loss < 0.999 * one.loss for one, best in zip(single, several, strict=True))


@pytest.mark.parametrize("space", list(Space))
def test_unrelated_latents_lie_about_one_apart(drawn, space):
    z, _ = drawn.faces(400)
    with torch.no_grad():
        ws = drawn.generator.map(z)
    latents = {Space.Z: z, Space.W: ws[:, 0], Space.W_PLUS: ws}[space]
    assert drawn.spaces[space].distance_apart(latents) == pytest.approx(1, abs=0.1)
    assert drawn.spaces[space].distance_apart(latents[:1].expand(3, *latents.shape[1:])) == pytest.approx(0, abs=1e-6)


class TestKeeping:
    OPTIONS = replace(FEW, steps=14, restarts=2, patience=3, least_gain=0.02, noise_until=0.3)

    @staticmethod
    def cancelled_at(step, told):
        def progress(name, done, total):
            told.append(done)
            if done == step:
                raise CancelledError("Enough.")

        return progress

    @pytest.mark.parametrize("stop", [1, 6, 13], ids=lambda step: f"after {step} steps")
    def test_a_resumed_search_is_the_uninterrupted_one_bit_for_bit(self, drawn, tmp_path, stop):
        _, photos = drawn.faces(3)
        keeping = Keeping(tmp_path / "state" / "search.safetensors", "model")
        whole = run(drawn, photos, self.OPTIONS)
        with pytest.raises(CancelledError):
            run(drawn, photos, self.OPTIONS, keeping=keeping, progress=self.cancelled_at(stop, []))
        assert keeping.file.is_file()
        told = []
        resumed = run(drawn, photos, self.OPTIONS, keeping=keeping, progress=self.cancelled_at(-1, told))
        assert told[0] == stop + 1
        assert all(same(one, other) for one, other in zip(whole, resumed, strict=True))
        assert [one.restarts for one in whole] == [one.restarts for one in resumed]
        assert not keeping.file.exists()

    def test_fitted_noise_is_kept_too(self, drawn, tmp_path):
        _, photos = drawn.faces(1)
        options = replace(self.OPTIONS, noise_maps=True, restarts=1)
        keeping = Keeping(tmp_path / "search.safetensors", "model")
        [whole] = run(drawn, photos, options)
        with pytest.raises(CancelledError):
            run(drawn, photos, options, keeping=keeping, progress=self.cancelled_at(5, []))
        [resumed] = run(drawn, photos, options, keeping=keeping)
        assert same(whole, resumed)
        assert all(
            torch.equal(*pair) for pair in zip(whole.latents.noise_maps, resumed.latents.noise_maps, strict=True)
        )

    def test_a_killed_search_goes_on_from_what_was_written(self, drawn, tmp_path):
        _, photos = drawn.faces(1)
        keeping = Keeping(tmp_path / "search.safetensors", "model", seconds_between=0.0)

        def killed(preview):
            if preview.step == 5:
                raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            run(drawn, photos, self.OPTIONS, keeping=keeping, previews=Previews(killed, every=1))
        told = []
        [resumed] = run(drawn, photos, self.OPTIONS, keeping=keeping, progress=self.cancelled_at(-1, told))
        assert told[0] == 5
        assert same(resumed, run(drawn, photos, self.OPTIONS)[0])

    @pytest.mark.parametrize("change", ["photos", "options", "model", "start", "damage"])
    def test_another_search_is_never_resumed(self, drawn, tmp_path, change):
        z, photos = drawn.faces(1)
        keeping = Keeping(tmp_path / "search.safetensors", "model")
        with pytest.raises(CancelledError):
            run(drawn, photos, self.OPTIONS, keeping=keeping, progress=self.cancelled_at(5, []))
        options, start = self.OPTIONS, None
        match change:
            case "photos":
                photos = photos + 0.01
            case "options":
                options = replace(options, pixel_weight=0.2)
            case "model":
                keeping = replace(keeping, model="another")
            case "start":
                start = z
            case "damage":
                keeping.file.write_bytes(keeping.file.read_bytes()[:-100])
        told = []
        run(drawn, photos, options, start=start, keeping=keeping, progress=self.cancelled_at(-1, told))
        assert told[0] == 1


def test_previews_show_images_and_their_losses(drawn):
    _, photos = drawn.faces(2)
    seen = []
    options = replace(FEW, latent_noise=0.0, restarts=2)
    found = run(drawn, photos, options, previews=Previews(seen.append, every=5))
    assert [preview.step for preview in seen] == [1, 6, 11, 12]
    for preview in seen:
        assert preview.photos == (0, 1)
        wanted = Photos(photos, drawn.features).at(torch.tensor([0, 1]))
        torch.testing.assert_close(wanted.loss(preview.images, 0.1), preview.losses, rtol=1e-3, atol=1e-6)
    assert found[0].loss <= float(seen[-1].losses[0]) * 1.0001


def test_distances_name_the_network_and_whether_it_was_validated(drawn):
    z, photos = drawn.faces(1)
    options = replace(FEW, latent_noise=0.0, steps=2)
    [one] = run(drawn, photos, options, start=z, identity=network_identity(drawn.features))
    told = one.distances
    assert (told.network, told.validated) == ("discriminator of small-faces", False)
    assert "not a validated identity measure" in told.identity_measure
    assert told.identity_validated is False
    assert max(told.perceptual, told.pixel, told.identity) < 1e-6
    [other] = run(drawn, photos, options, identity=network_identity(drawn.features))
    assert other.distances.identity > 100 * max(told.identity, 1e-9)
    assert run(drawn, photos, options)[0].distances.identity is None


def test_short_numbers_come_near_and_are_measured_in_full(drawn):
    _, photos = drawn.faces(2)
    options = replace(FEW, steps=60, latent_noise=0.0)
    exact, short = run(drawn, photos, options), run(drawn, photos, replace(options, precision=Precision.BFLOAT16))
    for one, other in zip(exact, short, strict=True):
        assert other.latents.z.dtype == torch.float32
        assert other.distances.perceptual < 0.3 * other.curve[0]
        assert other.loss == pytest.approx(other.distances.perceptual + 0.1 * other.distances.pixel, rel=0.2)
        assert one.curve[0] == pytest.approx(other.curve[0], rel=0.05)
    wanted = Photos(photos, drawn.features).at(torch.tensor([0, 1]))
    with torch.no_grad():
        faces = drawn.generator(torch.stack([other.latents.z for other in short]))
    measured = torch.tensor([other.distances.perceptual for other in short])
    torch.testing.assert_close(measured, wanted.perceptual(faces), rtol=1e-3, atol=1e-7)


def test_large_images_are_compared_shrunk():
    seen = []
    network = FeatureNetwork("any", validated=True, layers=lambda images: seen.append(images) or [images])
    shrunk = shrunk_features(network, 32)
    images = torch.arange(2 * 3 * 64 * 64.0).reshape(2, 3, 64, 64)
    shrunk(images)
    shrunk(images[:, :, :16, :16])
    assert [tuple(each.shape) for each in seen] == [(2, 3, 32, 32), (2, 3, 16, 16)]
    torch.testing.assert_close(seen[0][0, 0, 0, 0], images[0, 0, :2, :2].mean())
    assert (shrunk.name, shrunk.validated) == ("any", True)


@pytest.mark.parametrize("shape", [(0, 3, 64, 64), (1, 3, 32, 32), (1, 1, 64, 64), (3, 64, 64)], ids=str)
def test_photos_of_another_shape_are_refused(drawn, shape):
    with pytest.raises(ValueError, match="photos must be"):
        run(drawn, torch.zeros(shape))


@pytest.mark.parametrize(("space", "shape"), [(Space.Z, (2, 8)), (Space.W, (1, 9)), (Space.W_PLUS, (1, 3, 8))], ids=str)
def test_a_start_of_another_shape_is_refused(drawn, space, shape):
    _, photos = drawn.faces(1)
    with pytest.raises(ValueError, match="start must be"):
        run(drawn, photos, replace(FEW, space=space), start=torch.zeros(shape))


def test_a_generator_without_numbers_is_refused(drawn):
    _, photos = drawn.faces(1)
    features = FeatureNetwork("broken", validated=False, layers=lambda images: [images * torch.nan])
    with pytest.raises(ModelError, match="no numbers"):
        project(photos, drawn.generator, features, FEW, space=drawn.spaces[Space.Z])
