from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import probe, read_frames
from dvs_jax.video.times import presentation_times

from .clips import NTSC, VARIABLE_TICKS, copy, level_frames, levels, write_clip


def test_times_start_at_the_first_frame(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mp4", level_frames(5), ticks=[45_000 + 3000 * i for i in range(5)]
    )
    assert probe(clip).start == Fraction(1, 2)
    np.testing.assert_array_equal(
        probe(clip).time_ns, [round(3000 * i * 10**9 / 90_000) for i in range(5)]
    )


def test_variable_rate_times_are_the_files_own(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(10), ticks=VARIABLE_TICKS)
    info = probe(clip)
    np.testing.assert_array_equal(info.time_ns, [round(t * 10**9 / 90_000) for t in VARIABLE_TICKS])
    assert info.frame_rate == 30  # 9 intervals in 0.3 s


def test_dropped_frames_leave_the_rate_exact(tmp_path):
    ticks = [3003 * i for i in range(30) if i not in (7, 8, 20)]
    clip = write_clip(tmp_path / "clip.mp4", level_frames(27), rate=NTSC, ticks=ticks)
    assert probe(clip).frame_rate == NTSC
    assert copy(clip, tmp_path / "out.mp4").frame_rate == NTSC
    np.testing.assert_array_equal(probe(tmp_path / "out.mp4").time_ns, probe(clip).time_ns)


def test_a_bare_stream_has_times_by_its_rate(tmp_path):
    clip = write_clip(
        tmp_path / "clip.h264", level_frames(30), encoder={"bf": "3"}, rate=Fraction(25)
    )
    info = probe(clip)
    assert (info.frame_rate, info.frame_count, info.time_ns[29]) == (25, 30, 29 * 40_000_000)
    assert levels(read_frames(clip)) == list(range(30))


def test_two_frames_at_one_time_are_set_a_tick_apart(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", level_frames(10), codec="ffv1")
    fourth, fifth = (b"\x81" + time_ms.to_bytes(2, "big") + b"\0" for time_ms in (100, 133))
    data = clip.read_bytes()
    assert data.count(fifth) == 1
    clip.write_bytes(data.replace(fifth, fourth))
    np.testing.assert_array_equal(probe(clip).time_ns[2:6] // 10**6, [67, 100, 101, 167])
    assert levels(read_frames(clip)) == list(range(10))
    assert copy(clip, tmp_path / "out.mp4").frame_count == 10


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_more_than_an_hour_apart_are_impossible(tmp_path, suffix):
    hour = 3600 * 1000
    ticks = [0, 33, 67, hour, hour + 33]
    millisecond = Fraction(1, 1000)
    clip = tmp_path / f"clip{suffix}"
    write_clip(clip, level_frames(5), time_base=millisecond, ticks=ticks)
    written = copy(clip, tmp_path / "out.mp4").time_ns
    np.testing.assert_allclose(written, probe(clip).time_ns, atol=500_000)
    ticks[3:] = [hour * 2, hour * 24]
    write_clip(clip, level_frames(5), time_base=millisecond, ticks=ticks)
    with pytest.raises(
        InputError, match=r"clip\.m..: impossible times: no frame for 79200 s"
    ) as one:
        probe(clip)
    assert "after 7200 s" in str(one.value)


def test_frames_before_zero_or_in_a_far_future_are_impossible():
    possible = [Fraction(1_700_000_000), Fraction(1_700_000_001)]
    presentation_times(Path("a.ts"), [int(time) for time in possible], Fraction(1), [])
    for ticks in ([-1, 0], [2**62, 2**62 + 1], [-(2**63), 2**63 - 1]):
        with pytest.raises(InputError, match=r"a\.ts: impossible times: its frames are shown from"):
            presentation_times(Path("a.ts"), ticks, Fraction(1, 1000), [])
    with pytest.raises(InputError, match="no frame for 100000 s"):
        presentation_times(Path("a.ts"), [None, None], Fraction(1), [Fraction(1, 100_000)])
