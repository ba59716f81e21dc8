import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest

from dvs_jax.video import VideoWriter, probe, read_frames

from .clips import (
    NTSC,
    VARIABLE_TICKS,
    copy,
    hand_made,
    level_frames,
    levels,
    write_clip,
    write_levels,
)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_rate_of_30000_1001_and_every_time_are_kept_exactly(tmp_path, suffix):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(40), rate=NTSC)
    info = copy(clip, tmp_path / f"out{suffix}")
    assert info.frame_rate == NTSC
    np.testing.assert_array_equal(info.time_ns, probe(clip).time_ns)
    with av.open(info.path) as container:
        assert container.streams.video[0].average_rate == NTSC
    assert levels(read_frames(info.path)) == list(range(40))


def test_times_rounded_to_milliseconds_get_their_exact_rate_back(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", level_frames(40), rate=NTSC)
    assert probe(clip).time_ns[1] == 33_000_000
    info = copy(clip, tmp_path / "out.mp4")
    assert info.frame_rate == NTSC
    np.testing.assert_array_equal(info.time_ns, [round(i * 10**9 / NTSC) for i in range(40)])
    with av.open(info.path) as container:
        assert container.streams.video[0].average_rate == NTSC
    assert copy(clip, tmp_path / "out.mkv").frame_rate == NTSC


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_times_of_a_variable_rate_are_kept_exactly(tmp_path, suffix):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(10), ticks=VARIABLE_TICKS)
    info = copy(clip, tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(info.time_ns, probe(clip).time_ns)
    assert levels(read_frames(info.path)) == list(range(10))


@pytest.mark.parametrize("even", [True, False])
def test_a_start_between_milliseconds_is_kept_exactly(tmp_path, even):
    ticks = [1234 + (3000 * i if even else VARIABLE_TICKS[i]) for i in range(10)]
    clip = write_clip(tmp_path / "clip.mkv", level_frames(10), codec="ffv1", ticks=ticks)
    info = dataclasses.replace(
        probe(clip),
        start=Fraction(0),
        time_ns=np.array([round(t * 10**9 / 90_000) for t in ticks], np.int64),
        time_base=Fraction(1, 90_000),
    )
    write_levels(tmp_path / "out.mp4", info)
    written = probe(tmp_path / "out.mp4")
    assert round(written.start * 10**9) == info.time_ns[0]
    np.testing.assert_allclose(written.time_ns, info.time_ns - info.time_ns[0], rtol=0, atol=1)


def test_times_other_than_the_originals_are_written_as_they_are(tmp_path):
    info = probe(write_clip(tmp_path / "clip.mp4", level_frames(10)))
    times = [0, 11_000_000, 50_000_000, 61_000_000]
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(4), times, strict=True):
            out.write(frame, time_ns)
    np.testing.assert_array_equal(probe(tmp_path / "out.mp4").time_ns, times)


def test_times_finer_than_mp4_can_count_are_kept_as_well_as_it_can(tmp_path):
    times = [0, 1_000_000, 50_000_000, 60_000_000_000]
    info = dataclasses.replace(
        hand_made(tmp_path), time_ns=np.array(times), time_base=Fraction(1, 10**9)
    )
    write_levels(tmp_path / "out.mp4", info)
    np.testing.assert_allclose(probe(tmp_path / "out.mp4").time_ns, times, atol=10_000)
