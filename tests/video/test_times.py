from fractions import Fraction

import numpy as np

from dvs_jax.video import probe, read_frames

from .clips import NTSC, VARIABLE_TICKS, copy, level_frames, levels, write_clip


def test_times_start_at_the_first_frames_own_time(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mp4", level_frames(5), ticks=[45_000 + 3000 * i for i in range(5)]
    )
    np.testing.assert_array_equal(
        probe(clip).time_ns, [round((45_000 + 3000 * i) * 10**9 / 90_000) for i in range(5)]
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
