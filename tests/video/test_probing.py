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
