"""Clocks that do not start at zero, or jump, are written as if they did neither."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.video import VideoWriter, part_of, probe, read_frames

from .clips import burst, copy, level_frames, levels, onset, write_clip


def transport_stream(path: Path, start_s: float = 0.0, count: int = 30) -> Path:
    """A stream with B-frames and a tone at 0.5 s; its clock begins late, or overflows at 2³³."""
    clip = write_clip(
        path.with_suffix(".mp4"), level_frames(count), encoder={"bf": "2"}, sound=burst(1, 0.5)
    )
    with av.open(clip) as source, av.open(path, "w", format="mpegts") as out:
        kept = {each.index: out.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.size:
                ticks = round(start_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = kept[packet.stream_index]
                out.mux(packet)
    clip.unlink()
    return path


OVERFLOW_S = 2**33 / 90_000


@pytest.mark.parametrize("start_s", [36_000.0, OVERFLOW_S - 2.0, OVERFLOW_S - 100.5])
def test_a_clock_of_many_hours_starts_at_zero(tmp_path, start_s):
    clip = transport_stream(tmp_path / "clip.ts", start_s)
    info = probe(clip)
    assert info.frame_count == 30
    assert 0 <= info.time_ns[0] < 50_000_000
    np.testing.assert_allclose(np.diff(info.time_ns), 1e9 / 30, atol=1e5)
    assert levels(read_frames(clip)) == list(range(30))
    out = copy(clip, tmp_path / "out.mp4")
    with av.open(out.path) as container:
        assert container.start_time / 1e6 == pytest.approx(0, abs=0.05)
    assert onset(out.path) - out.time_ns[0] / 1e9 == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("starts", [(0, 0), (0, 500), (500, 0), (7, 7)])
def test_recordings_joined_into_one_follow_each_other(tmp_path, starts):
    parts = [transport_stream(tmp_path / f"{i}.ts", start) for i, start in enumerate(starts)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    info = probe(joined)
    assert info.frame_count == 60
    assert len(info.jumps) == 1
    np.testing.assert_allclose(np.diff(info.time_ns), 1e9 / 30, atol=1e5)
    assert levels(read_frames(joined)) == [*range(30), *range(30)]
    out = copy(joined, tmp_path / "out.mp4")
    with av.open(out.path) as container:
        sound = list(container.decode(audio=0))
    times = [frame.time for frame in sound]
    loud = [frame.time for frame in sound if np.abs(frame.to_ndarray()).max() > 0.2]
    assert np.all(np.diff(times) > 0)
    assert times[-1] == pytest.approx(2.0, abs=0.1)
    first = out.time_ns[0] / 1e9
    begins = [time for time in loud if not any(0 < time - other < 0.3 for other in loud)]
    assert begins == pytest.approx([first + 0.5, first + 1.5], abs=0.06)


def test_a_pause_of_a_recording_is_no_jump(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mp4", level_frames(4), ticks=[0, 3000, 90_000 * 100, 90_000 * 100 + 3000]
    )
    assert probe(clip).jumps == ()
    assert probe(clip).time_ns[2] == 100 * 10**9


def test_part_of_a_late_stream_has_its_own_sound(tmp_path):
    clip = transport_stream(tmp_path / "clip.ts", 36_000.0)
    info = part_of(probe(clip), slice(9, 27))
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(18), info.time_ns, strict=True):
            out.write(frame, time_ns)
    assert onset(tmp_path / "out.mp4") == pytest.approx(0.5 - Fraction(9, 30), abs=0.03)
