"""Shake of known size, drawn into pictures, is what is measured."""

import contextlib
import importlib.util
import io
import json
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax.camera import Camera
from dvs_jax.metrics.shake import Shake, ShakeMeasurement
from dvs_jax.metrics.step import CELLS, Step, step, watched

SIZE = (640, 360)
FOCAL_LENGTH = Camera().focal_length[0]
RMS = 1.0 / math.sqrt(2.0)


def sway(hz: float, frames: int) -> np.ndarray:
    return np.sin(2.0 * np.pi * hz * np.arange(frames) / 30.0)


def scene() -> np.ndarray:
    random = np.random.default_rng(1)
    coarse = cv2.resize(random.integers(0, 256, (36, 64), np.uint8), (1280, 720))
    fine = cv2.resize(random.integers(0, 256, (180, 320), np.uint8), (1280, 720))
    return cv2.addWeighted(coarse, 0.5, fine, 0.5, 0.0)


SCENE = scene()


def drawn(maps: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Draw what a scene twice as large shows at the places of each map, float [360, 640, 2]."""
    for places in maps:
        middle = (places + np.array([319.5, 179.5]) + np.array([320.0, 180.0])).astype(np.float32)
        yield cv2.remap(SCENE, middle, None, cv2.INTER_CUBIC)


def places() -> np.ndarray:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)
    return np.stack([x - 319.5, y - 179.5], axis=-1)


def measured(pictures: Iterable[np.ndarray], rate: float = 30.0) -> Shake:
    measurement, earlier = ShakeMeasurement(rate, FOCAL_LENGTH), None
    for picture in pictures:
        measurement.add(step(earlier, picture))
        earlier = picture
    return measurement.summary()


def given(motion: np.ndarray, left: np.ndarray | None = None) -> Shake:
    """Return the measures of known motion [frame, 3], and of cells that move alike."""
    measurement = ShakeMeasurement(30.0, FOCAL_LENGTH)
    steps = np.diff(motion, prepend=np.nan, axis=0)
    own = np.zeros_like(motion) if left is None else np.diff(left, prepend=np.nan, axis=0)
    for index in range(len(steps)):
        cells = np.broadcast_to(own[index, :2], (*CELLS, 2))
        measurement.add(Step(steps[index], cells, None, 100.0))
    return measurement.summary()


def columns(*values: np.ndarray | float) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*values), axis=-1).astype(float)


@pytest.mark.slow
def test_shift_and_roll_in_pictures_give_their_effective_values():
    frames = 120
    shaking, rolling = sway(5.0, frames), np.radians(0.5 * sway(6.0, frames))

    def seen(shift: float, angle: float) -> np.ndarray:
        cosine, sine = np.cos(angle), np.sin(angle)
        moved = places() - np.array([3.0 * shift, -1.5 * shift])
        return moved @ np.array([[cosine, -sine], [sine, cosine]])

    found = measured(drawn(map(seen, shaking, rolling)))
    shift = math.hypot(3.0, 1.5) * RMS
    assert found.residual_shift_px == pytest.approx(shift, rel=0.02)
    assert found.residual_roll_deg == pytest.approx(0.5 * RMS, rel=0.02)
    angle = math.hypot(math.degrees(shift / (FOCAL_LENGTH * 640)), 0.5 * RMS)
    assert found.residual_rotation_deg == pytest.approx(angle, rel=0.02)
    assert found.wobble_px < 0.05


@pytest.mark.slow
def test_a_slow_pan_in_pictures_is_no_shake_but_turns():
    found = measured(drawn(places() + np.array([2.0 * index, 0.0]) for index in range(40)))
    assert found.residual_shift_px < 0.02
    assert found.residual_rotation_deg < 0.003
    rate = 30.0 * math.degrees(math.atan(2.0 / (FOCAL_LENGTH * 640)))
    assert found.picture_rotation_rate_deg_s == pytest.approx(rate, rel=0.01)


def test_a_still_picture_has_no_shake():
    found = measured([SCENE[:360, :640]] * 32)
    assert found[:4] == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-4)
    assert found.picture_rotation_rate_deg_s == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("frames", [300, 3000])
def test_a_long_shake_has_its_effective_value_and_a_pan_under_it_none(frames):
    shaking, pan = sway(5.0, frames), 4.0 * np.arange(frames)
    found = given(columns(2.0 * shaking + pan, 0.0, -0.4 * shaking))
    assert found.residual_shift_px == pytest.approx(2.0 * RMS, rel=0.02)
    assert found.residual_roll_deg == pytest.approx(0.4 * RMS, rel=0.02)
    still = given(columns(pan, 0.001 * pan**2, -0.1 * pan))
    assert still[:4] == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-5)


def test_the_motion_of_cells_is_wobble():
    frames = 300
    found = given(columns(0.0, 0.0, 0.0 * sway(5.0, frames)), columns(sway(5.0, frames), 0.0, 0.0))
    assert found.wobble_px == pytest.approx(RMS, rel=0.02)
    assert found.residual_shift_px == 0.0


def test_steps_that_are_not_known_are_bridged():
    motion = columns(2.0 * sway(5.0, 300), 0.0, 0.0)
    measurement = ShakeMeasurement(30.0, FOCAL_LENGTH)
    for index, each in enumerate(np.diff(motion, prepend=np.nan, axis=0)):
        known = each if index % 30 else np.full(3, np.nan)
        measurement.add(Step(known, np.zeros((*CELLS, 2)), None, 100.0))
    assert measurement.summary().residual_shift_px == pytest.approx(2.0 * RMS, rel=0.15)


@pytest.mark.slow
def test_a_jelly_wobbles_without_a_shift():
    """Rows slide along a wave down the picture, which no similarity explains."""
    wave = np.zeros((SIZE[1], SIZE[0], 2))
    wave[..., 0] = np.sin(4.0 * np.pi * (np.arange(SIZE[1]) + 0.5) / SIZE[1])[:, None]
    found = measured(drawn(places() + 2.0 * shift * wave for shift in sway(5.0, 60)))
    # The median of |sin| over each of the four rows of cells, half a wave each.
    assert found.wobble_px == pytest.approx(2.0 * RMS * math.sin(math.pi / 4.0), rel=0.1)
    assert found.residual_shift_px < 0.1 * found.wobble_px


def test_blur_lowers_the_sharpness():
    sharp = SCENE[:360, :640]
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2.0)
    expected = cv2.Laplacian(blurred, cv2.CV_32F).var()
    assert measured([blurred] * 2).sharpness == pytest.approx(expected, rel=1e-6)
    assert measured([sharp] * 2).sharpness > 5.0 * expected


@pytest.mark.parametrize(("count", "rate"), [(1, 30.0), (29, 30.0), (40, 4.0), (40, math.nan)])
def test_shake_that_cannot_be_told_is_not_a_number(count, rate):
    found = measured([SCENE[:360, :640]] * count, rate)
    assert all(math.isnan(value) for value in found[:4])
    assert found.sharpness > 0.0


def test_without_texture_no_shake_is_told():
    found = measured([np.full((360, 640), 128, np.uint8)] * 32)
    assert all(math.isnan(value) for value in found[:4])


def test_a_video_of_any_width_is_watched_640_wide():
    frame = cv2.cvtColor(SCENE, cv2.COLOR_GRAY2RGB)
    assert watched(frame, 1.0).shape == (360, 640)
    assert watched(frame[:, :300], 1.0).shape == (1536, 640)
    middle = cv2.resize(SCENE[72:-72, 128:-128], SIZE, interpolation=cv2.INTER_AREA)
    assert np.array_equal(watched(frame, 0.8), middle)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "crop"), [("gopro/karma.mp4", 0.0), ("footage/highway.mp4", 0.1)])
def test_the_measures_are_those_of_an_independent_program(recordings, name, crop):
    program = recordings.parent / "tools" / "residual_shake.py"
    if not program.is_file():
        pytest.skip("the reference program does not lie beside the project")
    file, frames = recordings / name, 90
    expected = judged(program, file, crop, frames)
    source = cv2.VideoCapture(str(file))
    rate = source.get(cv2.CAP_PROP_FPS)
    measurement = ShakeMeasurement(rate, FOCAL_LENGTH / (1.0 - 2.0 * crop))
    earlier = None
    for _ in range(frames):
        picture = watched(cv2.cvtColor(source.read()[1], cv2.COLOR_BGR2RGB), 1.0 - 2.0 * crop)
        measurement.add(step(earlier, picture))
        earlier = picture
    found = measurement.summary()
    assert found.residual_shift_px == pytest.approx(expected["hf_trans_px"], rel=0.02)
    assert found.residual_roll_deg == pytest.approx(expected["hf_roll_deg"], rel=0.02)
    assert found.residual_rotation_deg == pytest.approx(expected["hf_rot_deg"], rel=0.02)
    assert found.wobble_px == pytest.approx(expected["wobble_px"], rel=0.02)
    assert found.sharpness == pytest.approx(expected["sharpness"], rel=0.01)


def judged(program: Path, file: Path, crop: float, frames: int) -> dict[str, float]:
    """Return what the program prints of a video."""
    spec = importlib.util.spec_from_file_location("residual_shake", program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    arguments = ["", "--crop", str(crop), "--frames", str(frames), str(file)]
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(printed):
        patched.setattr(sys, "argv", arguments)
        module.main()
    return json.loads(printed.getvalue())
