import numpy as np
import pytest

from dvs_jax.video import probe, read_frames

from .clips import NTSC, copy, packets


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("karma", 362), ("max-heromode", 315)])
def test_gopro_videos_keep_length_rate_and_sound(recordings, tmp_path, name, count):
    source = recordings / "gopro" / f"{name}.mp4"
    info = probe(source)
    assert (info.frame_count, info.frame_rate, info.has_audio) == (count, NTSC, True)
    written = copy(source, tmp_path / "out.mp4")
    assert (written.width, written.height) == (info.width, info.height)
    assert (written.frame_rate, written.color) == (NTSC, info.color)
    np.testing.assert_array_equal(written.time_ns, info.time_ns)
    assert packets(written.path, "audio") == packets(source, "audio")
    first, again = next(read_frames(source)).astype(float), next(read_frames(written.path))
    assert np.abs((again - first).mean(axis=(0, 1))).max() < 0.3
    assert np.abs(again - first).mean() < 1.5
