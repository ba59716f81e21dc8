"""A method whose output is steadied by what its pictures tell."""

from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.methods import AsFilmed, Frame, Refined
from dvs_jax.methods.device import device_work
from dvs_jax.motion import steadying
from dvs_jax.warping import grid

SIZE = (320, 180)
FRAMES = 40


def scene(seed=0, side=600):
    noise = np.random.default_rng(seed).uniform(0, 255, (side, side, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3.0), None, 20, 235, cv2.NORM_MINMAX)


def view(image, place):
    """The picture whose content has moved by `place` pixels."""
    matrix = np.float32([[1, 0, place[0] - 140], [0, 1, place[1] - 200]])
    seen = cv2.warpAffine(image, matrix, SIZE, flags=cv2.INTER_CUBIC)
    return np.clip(seen, 0, 255).astype(np.uint8)


def places(seed=0, pixels=4.0):
    return np.random.default_rng(seed).normal(0, pixels, (FRAMES, 2))


def shaken_clip(place, rate=30):
    frames = [view(scene(), each) for each in place]
    return Clip.from_arrays(frames, np.arange(len(frames)) * (1_000_000_000 // rate))


def grids(method, clip):
    return np.stack([frame.source for frame in method.frames(clip, clips.read_pictures(clip), 0.1)])


def left(sources, place):
    """How much of the shake the output shows: third differences of where it has the content."""
    middle = (np.array(SIZE) / 2 + place) / SIZE
    pairs = zip(sources, middle, strict=True)
    shown = [steadying.shown_at(jnp.asarray(g), jnp.float32(m)[None])[0] for g, m in pairs]
    shown = np.stack(shown) * SIZE
    return np.diff(shown, n=3, axis=0).std() / np.diff(place, n=3, axis=0).std()


@pytest.mark.slow
def test_a_shaken_video_stands_still_by_its_pictures_alone():
    place = places()
    assert left(grids(AsFilmed(), shaken_clip(place)), place) == pytest.approx(1.0, abs=0.01)
    assert left(grids(Refined(), shaken_clip(place)), place) < 0.05
    assert left(grids(Refined(refinement="rotation"), shaken_clip(place)), place) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("rate", [24, 60])
def test_other_frame_rates_are_steadied_as_well(rate):
    place = places()
    assert left(grids(Refined(), shaken_clip(place, rate)), place) < 0.05


@pytest.mark.slow
def test_the_scene_stands_still_though_the_light_changes():
    place = places()
    clip = shaken_clip(place)
    # A flash, clouds that come and go, and lamps that flicker at twice the mains' frequency.
    light = 1.0 + 0.1 * np.sin(np.arange(FRAMES) / 3) + 0.05 * (-1.0) ** np.arange(FRAMES)
    light[20] = 1.7
    pairs = zip(clips.read_frames(clip), light, strict=True)
    frames = [np.clip(frame * each, 0, 255).astype(np.uint8) for frame, each in pairs]
    lit = Clip.from_arrays(frames, clips.center_time_ns(clip))
    assert left(grids(Refined(), lit), place) < 0.05


@pytest.mark.slow
def test_the_scene_stands_still_though_most_of_the_picture_is_a_bonnet():
    place = places()
    clip = shaken_clip(place)
    bonnet = view(scene(seed=9), (0, 0))[80:]
    frames = [np.concatenate([each[:80], bonnet]) for each in clips.read_frames(clip)]
    shown = grids(Refined(), Clip.from_arrays(frames, clips.center_time_ns(clip)))
    assert left(shown, place) < 0.15
    # It is known before the first frame is steadied.
    assert left(shown[:10], place[:10]) < 0.15


@pytest.mark.slow
def test_a_roll_is_one_where_pixels_are_twice_as_wide_as_high():
    shown = np.array([2 * SIZE[0], SIZE[1]])
    roll = np.random.default_rng(1).normal(0, 1.0, FRAMES)
    frames, corner = [], []
    for degrees in roll:
        matrix = cv2.getRotationMatrix2D((shown[0] / 2 - 0.5, shown[1] / 2 - 0.5), degrees, 1.0)
        wide = cv2.warpAffine(scene(side=640)[:180], matrix, shown, borderMode=cv2.BORDER_REFLECT)
        frames.append(cv2.resize(wide, SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8))
        corner.append((matrix @ [shown[0] * 0.75, shown[1] * 0.7, 1.0]) / shown)
    clip = Clip.from_arrays(frames, np.arange(FRAMES) * 33_333_333)
    anamorphic = replace(clip, video=replace(clip.video, pixel_aspect=Fraction(2)))

    def moved(clip):
        pairs = zip(grids(Refined(refinement="rotation"), clip), np.float32(corner), strict=True)
        seen = [steadying.shown_at(jnp.asarray(g), jnp.asarray(at)[None])[0] for g, at in pairs]
        return (np.diff(np.stack(seen), n=3, axis=0) * shown).std()

    filmed = (np.diff(corner, n=3, axis=0) * shown).std()
    assert moved(anamorphic) < 0.1 * filmed < 0.5 * moved(clip)


@dataclass
class HalfWay:
    """Takes out half of a known shake."""

    place: np.ndarray
    takes_pictures: bool
    needs = frozenset()
    look_ahead_s = 0.2

    def frames(self, clip, pictures, crop):
        identity = grid.output_points(*grid.shape_for(clip.size))
        for place in self.place:
            if self.takes_pictures:
                next(pictures)
            yield Frame(
                (identity + 0.5 * place / SIZE).astype(np.float32), np.array([0.0, 0, 0, 1])
            )


@pytest.mark.slow
@pytest.mark.parametrize("takes_pictures", [True, False])
def test_what_another_method_leaves_is_taken_out(takes_pictures):
    place = places()
    method = HalfWay(place, takes_pictures)
    assert left(grids(method, shaken_clip(place)), place) == pytest.approx(0.5, abs=0.02)
    refined = Refined(method, own_look_ahead_s=0.4)
    assert left(grids(refined, shaken_clip(place)), place) < 0.05
    assert refined.look_ahead_s == pytest.approx(0.6)
    assert refined.needs == frozenset()


@pytest.mark.slow
def test_grids_that_were_computed_elsewhere_are_refined_alike():
    place = places()
    clip, refined = shaken_clip(place), Refined(HalfWay(place, False))
    known = list(refined.method.frames(clip, iter(()), 0.1))
    behind = list(refined.behind(known, clip, 0.1))
    np.testing.assert_array_equal(np.stack([f.source for f in behind]), grids(refined, clip))
    assert all(frame.pose is not None for frame in behind)
    assert device_work(refined) is None


def test_frames_come_as_soon_as_the_look_ahead_is_known():
    clip, taken = shaken_clip(places()), []

    def pictures():
        for picture in clips.read_pictures(clip):
            taken.append(picture)
            yield picture

    frames = Refined(own_look_ahead_s=0.4).frames(clip, pictures(), 0.1)
    next(frames)
    assert len(taken) == 14
    next(frames)
    assert len(taken) == 15


@pytest.mark.slow
def test_a_still_camera_before_something_that_moves_stays_still():
    frames = []
    for index in range(FRAMES):
        image = scene().copy()
        cv2.circle(image, (180 + 6 * index, 300), 45, (200.0, 40.0, 90.0), -1)
        image[260:340, 140:460] += 12 * np.sin(image[260:340, 140:460])
        frames.append(view(image, (0, 0)))
    clip = Clip.from_arrays(frames, np.arange(FRAMES) * 33_333_333)
    identity = grid.output_points(*grid.shape_for(SIZE))
    moved = (grids(Refined(), clip) - identity)[:, 2:-2, 2:-2] * SIZE
    assert np.abs(moved).max() < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 7])
def test_clips_shorter_than_the_look_ahead(count):
    clip = shaken_clip(places()[:count])
    assert grids(Refined(), clip).shape[0] == count


def test_black_pictures_stay_as_they_are():
    frames = [np.zeros((180, 320, 3), np.uint8)] * FRAMES
    clip = Clip.from_arrays(frames, np.arange(FRAMES) * 33_333_333)
    np.testing.assert_allclose(grids(Refined(), clip), grids(AsFilmed(), clip), atol=1e-6)


@pytest.mark.slow
def test_clips_of_one_size_and_rate_share_the_programs():
    grids(Refined(), shaken_clip(places(1)))
    programs = steadying.watch, steadying.add, steadying.release
    before = [each._cache_size() for each in programs]
    grids(Refined(), shaken_clip(places(2)))
    assert [each._cache_size() for each in programs] == before


def panned(time):
    """Where the content is at times in frame intervals, pixels: a pan of a camera that shakes."""
    cycles = np.array([0.041, 0.093, 0.167])
    waves = np.sin(
        2 * np.pi * np.multiply.outer(time, cycles)[..., None] + [[0, 2], [1, 4], [3, 5]]
    )
    return 3.0 * waves.sum(axis=-2) + np.multiply.outer(time - 30.0, [4.0, 0.0])


def read_row_by_row(image, frame, readout):
    """The picture of which each row was taken at its own time."""
    x, y = np.meshgrid(*map(np.arange, SIZE))
    at = panned(frame + readout * ((y + 0.5) / SIZE[1] - 0.5))
    source = np.float32([140 + x, 200 + y]) - np.moveaxis(at, -1, 0).astype(np.float32)
    return np.clip(cv2.remap(image, *source, cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def skew(sources, readout):
    """How far what is upright in the scene leans in the output, pixels RMS over half its height."""
    rows, leaning = np.array([0.25, 0.75]), []
    for frame, source in enumerate(sources):
        moved = panned(frame + readout * (rows - 0.5)) - panned(frame * np.ones(2))
        at = np.float32(np.stack([np.full(2, 0.5), rows], axis=-1) + moved / SIZE)
        shown = np.asarray(steadying.shown_at(jnp.asarray(source), jnp.asarray(at))) * SIZE
        leaning.append(np.diff(shown, axis=0)[0, 0])
    return np.sqrt(np.mean(np.square(leaning)))


@pytest.mark.slow
def test_a_rolling_shutter_is_taken_out_by_the_pictures_alone():
    readout, image = 0.9, scene()
    frames = [read_row_by_row(image, frame, readout) for frame in range(60)]
    clip = Clip.from_arrays(frames, np.arange(60) * 33_333_333)
    filmed = skew([grid.output_points(10, 18)] * 60, readout)
    assert filmed > 2.0
    assert skew(grids(Refined(), clip), readout) < 0.1 * filmed
    # A stage that is to leave the picture's shape alone does.
    assert skew(grids(Refined(refinement="rotation"), clip), readout) > 0.8 * filmed
