import numpy as np
import pytest

from dvs_jax.video import probe, read_frames

from .clips import NTSC, burst, color_chart, copy, level_frames, square_centers, write_clip


def test_probe_reads_size_rate_times_and_sound(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(20), rate=NTSC, sound=burst(0.6, 0.3))
    info = probe(clip)
    assert (info.path, info.width, info.height) == (clip, 64, 48)
    assert (info.frame_rate, info.rotation, info.has_audio) == (NTSC, 0, True)
    assert info.time_ns.dtype == np.int64
    np.testing.assert_array_equal(info.time_ns, [round(i * 10**9 / NTSC) for i in range(20)])
    assert info.frame_count == 20


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    ("rotation", "mirrored"), [(90, False), (-90, False), (180, False), (0, True), (90, True)]
)
def test_rotation_and_mirroring_are_kept(tmp_path, suffix, rotation, mirrored):
    frames = [color_chart(64, 48)] * 3
    clip = write_clip(tmp_path / "clip.mp4", frames, rotation=rotation, mirrored=mirrored)
    assert (probe(clip).rotation, probe(clip).mirrored) == (rotation, mirrored)
    assert next(read_frames(clip)).shape == (48, 64, 3)
    info = copy(clip, tmp_path / f"out{suffix}")
    assert (info.width, info.height, info.rotation, info.mirrored) == (64, 48, rotation, mirrored)
    frame = next(read_frames(info.path)).astype(int)
    assert np.abs(square_centers(frame) - square_centers(color_chart(64, 48))).max() <= 25


@pytest.mark.parametrize(
    "duration", ["00:00:01.00.00000", "xx:00:01.000000000", "99:99:::99.000000"]
)
def test_a_duration_that_is_none_is_no_promise(tmp_path, duration, caplog):
    clip = write_clip(tmp_path / "clip.mkv", level_frames(20))
    data = clip.read_bytes()
    at = data.find(b"00:00:00.6")
    clip.write_bytes(data[:at] + duration.encode()[:17].ljust(17, b"0") + data[at + 17 :])
    assert probe(clip).frame_count == 20
    assert "missing" not in caplog.text
