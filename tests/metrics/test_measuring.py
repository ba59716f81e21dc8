"""Videos measured in threads: what is compared with what, and unusable input."""

import dataclasses
import itertools
import logging
import math
import threading
import weakref
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from dvs_jax import metrics
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.metrics import features, measuring
from dvs_jax.metrics.row import Row
from tests.metrics.videos import SIZE, about_axis, measure, rolled, scaled, texture, times, warped

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.slow
def test_a_black_frame_counts_as_unmatched_and_moves_nothing():
    whole = rolled(0.5 * np.arange(16))
    interrupted = [frame * np.uint8(index != 9) for index, frame in enumerate(whole)]
    table = measure(whole, interrupted, rate=12.0)
    assert table.output.unmatched_frames == 1
    assert table.output.unmatched_motions == 2
    for name in ("stability_translation", "stability_rotation_corrected", "rotation_jitter_deg"):
        whole_value = getattr(table.input, name)
        assert getattr(table.output, name) == pytest.approx(whole_value, abs=0.02)


@pytest.mark.parametrize("longer", ["input", "output"])
def test_the_rest_of_the_longer_video_is_left_out(caplog, longer):
    counts = (5, 3) if longer == "input" else (3, 5)
    with caplog.at_level(logging.WARNING, logger="dvs_jax"):
        table = measure(*(iter([texture()] * count) for count in counts))
    assert table.input.frames == table.output.frames == 3
    assert f"the rest of the {longer}" in caplog.text


def test_sizes_may_differ():
    row = measure([texture((1280, 720))] * 6, [texture((320, 240))] * 6).output
    assert row.unmatched_frames == 0
    assert row.distortion_min > 0.98
    assert row.fov_ratio_min > 0.99
    assert row.output_pixels == 320 * 240


def test_output_pixels_are_those_of_what_is_watched():
    frames, watched = [texture((320, 240))] * 6, [texture((160, 90))] * 6
    time_ns = times(6, 30.0)
    table = metrics.measure(frames, frames.copy(), time_ns, Camera(), cropped=watched, kept=0.8)
    assert (table.input.output_pixels, table.output.output_pixels) == (320 * 240, 160 * 90)


def test_one_stream_can_be_both_and_is_looked_at_once(monkeypatch):
    seen = []
    look = measuring.look_at
    monkeypatch.setattr(
        measuring, "look_at", lambda one, earlier: seen.append(one) or look(one, earlier)
    )
    frames = iter([texture()] * 4)
    table = measure(frames, frames)
    assert table.input.frames == len(seen) == 4
    assert repr(table.input) == repr(table.output)


def test_no_frame_is_kept():
    alive: list[weakref.ref] = []
    most = 0

    def stream() -> Iterator[np.ndarray]:
        nonlocal most
        for _ in range(12):
            frame = np.zeros((48, 64, 3), np.uint8)
            alive.append(weakref.ref(frame))
            most = max(most, sum(reference() is not None for reference in alive))
            yield frame

    measure(stream(), stream())
    assert len(alive) == 24
    assert most <= 6


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (np.zeros((48, 64), np.uint8), r"uint8 \[48, 64\]"),
        (np.zeros((48, 64, 4), np.uint8), r"uint8 \[48, 64, 4\]"),
        (np.zeros((48, 64, 3), np.float32), "float32"),
        (np.zeros((0, 64, 3), np.uint8), r"\[0, 64, 3\]"),
    ],
)
def test_a_frame_that_is_no_image_is_named(frame, reason):
    with pytest.raises(InputError, match=f"frame 1 of the output is .*{reason}"):
        measure([texture()] * 2, [texture(), frame])


def test_unusable_videos_and_times():
    with pytest.raises(InputError, match="no frame"):
        measure([], [texture()])
    with pytest.raises(InputError, match="3 frames were measured, but only 2 timed"):
        measure([texture()] * 3, [texture()] * 3, frames=2)


def test_gyro_paths_replace_the_image():
    still = about_axis(np.zeros(60), 0)
    shaky = about_axis(np.sin(2 * np.pi * 5.0 * np.arange(60) / 30.0), 1)
    table = measure([texture()] * 2, [texture()] * 2, paths=(shaky, still))
    assert table.input.rotation_jitter_deg == pytest.approx(math.sqrt(0.5), rel=1e-3)
    assert table.output.rotation_jitter_deg == table.output.angular_jerk_deg_s3 == 0.0


@pytest.mark.slow
def test_several_videos_measured_at_once_have_the_rows_they_have_alone():
    inputs = [warped(scaled(1.0 - 0.01 * (index % 3), 1.0)) for index in range(6)]
    outputs = [warped(scaled(0.9, 1.0 - 0.01 * (index % 2))) for index in range(6)]
    longer = dataclasses.replace(Camera(), focal_length=(0.9, 0.9))
    frames = zip(inputs, zip(outputs, inputs, strict=True), strict=True)
    before, after = metrics.measure_each(frames, times(6), Camera(), longer)
    alone = metrics.measure(inputs, outputs, time_ns=times(6), camera=longer)
    assert repr(after[0]) == repr(alone.output)
    again = metrics.measure(inputs, inputs, time_ns=times(6), camera=longer)
    assert repr(after[1]) == repr(again.output)
    # The same pictures, seen through another lens, turn by another angle.
    assert before.angular_jerk_deg_s3 != after[1].angular_jerk_deg_s3
    assert before.distortion_average == 1.0
    with pytest.raises(InputError, match="there is no frame to measure"):
        metrics.measure_each([], times(6), Camera(), longer)


def _textured(count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return an input that turns and its output, both with noise that differs by frame."""
    random = np.random.default_rng(7)
    inputs, outputs = [], []
    for turned in rolled(np.sin(np.arange(count))):
        noise = random.integers(0, 8, turned.shape, np.uint8)
        inputs.append(cv2.add(turned // 2, noise))
        outputs.append(cv2.warpPerspective(inputs[-1], scaled(0.95, 1.0), SIZE))
    return inputs, outputs


@pytest.mark.slow
def test_threads_measure_what_one_frame_after_the_other_comes_to():
    inputs, outputs = _textured(14)
    rate = 59 * 1e9 / int(times(60)[-1] - times(60)[0])
    rows = [Row(rate, Camera().focal_length[0]) for _ in range(2)]
    earlier = None, None
    for frames in zip(inputs, outputs, strict=True):
        pictures = [features.shrink(frame, "") for frame in frames]
        source, target = map(features.look_at, pictures, earlier)
        rows[0].add(source, source)
        rows[1].add(source, target)
        earlier = pictures
    plain = [row.summary(row.image_path(times(14), Camera())) for row in rows]
    table = measure(inputs, outputs)
    assert repr([table.input, table.output]) == repr(plain)
    assert table.output.unmatched_frames == table.output.unmatched_motions == 0
    assert 0.0 < table.output.stability_translation < 1.0


def test_an_error_while_reading_ends_all_threads():
    def broken() -> Iterator[np.ndarray]:
        yield texture()
        raise InputError("the disk is gone")

    before = threading.active_count()
    with pytest.raises(InputError, match=r"the disk is gone \(while reading the output\)"):
        measure(itertools.repeat(texture()), broken())
    assert threading.active_count() == before
