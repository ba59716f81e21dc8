import logging
from fractions import Fraction

import av
import numpy as np
import pytest

from dvs_jax.video import VideoWriter, probe

from .clips import SAMPLE_RATE, burst, copy, level_frames, onset, packets, samples, write_clip


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize(("video_start", "sound_start"), [(0, 0), (0.5, 0), (0, 0.25), (0.5, 0.25)])
def test_aac_is_copied_untouched_and_in_step(tmp_path, suffix, video_start, sound_start):
    ticks = [round(video_start * 90_000) + 3000 * i for i in range(30)]
    clip = write_clip(
        tmp_path / "clip.mp4",
        level_frames(30),
        ticks=ticks,
        sound=burst(1.0, 0.5),
        sound_start=round(sound_start * SAMPLE_RATE),
    )
    info = copy(clip, tmp_path / f"out{suffix}")
    start = probe(clip).start
    # The encoder of AAC begins up to 1024 samples early.
    assert 0 <= min(video_start, sound_start) - start < 0.025
    assert packets(info.path, "audio") == [(t - start, p) for t, p in packets(clip, "audio")]
    np.testing.assert_array_equal(info.time_ns, probe(clip).time_ns)
    assert info.time_ns[0] == round((Fraction(video_start) - start) * 10**9)
    assert onset(clip) == pytest.approx(0.5 + sound_start, abs=2e-3)
    assert onset(info.path) == pytest.approx(onset(clip) - start, abs=1e-9)


def test_aac_goes_into_matroska_and_back_in_step(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), sound=burst(1.0, 0.5))
    through = copy(clip, tmp_path / "through.mkv")
    assert [data for _, data in packets(through.path, "audio")] == [
        data for _, data in packets(clip, "audio")
    ]
    for path in (through.path, copy(through.path, tmp_path / "back.mp4").path):
        offset = onset(path) - probe(path).time_ns[0] / 1e9
        assert offset == pytest.approx(onset(clip), abs=2e-3)


def test_pcm_becomes_aac_in_mp4_in_step(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mov", level_frames(30), sound=burst(1.0, 0.5), sound_codec="pcm_s16le"
    )
    info = copy(clip, tmp_path / "out.mp4")
    with av.open(info.path) as container:
        sound = container.streams.audio[0]
        assert (sound.codec_context.name, sound.sample_rate) == ("aac", SAMPLE_RATE)
        assert sound.layout.name == "stereo"
    start, left = samples(info.path)
    assert start == pytest.approx(0, abs=1e-6)
    assert onset(info.path) == pytest.approx(0.5, abs=2e-3)
    tone = left[int(0.6 * SAMPLE_RATE) : int(0.9 * SAMPLE_RATE)]
    assert np.sqrt(np.mean(tone**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    np.testing.assert_array_equal(info.time_ns, probe(clip).time_ns)


def test_pcm_stays_pcm_where_the_container_takes_it(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mov", level_frames(15), sound=burst(0.5, 0.2), sound_codec="pcm_s16le"
    )
    info = copy(clip, tmp_path / "out.mov")
    assert b"".join(data for _, data in packets(info.path, "audio")) == b"".join(
        data for _, data in packets(clip, "audio")
    )


@pytest.mark.parametrize("codec", ["libopus", "flac"])
def test_sound_the_container_cannot_hold_becomes_aac(tmp_path, codec):
    clip = write_clip(
        tmp_path / "clip.mkv", level_frames(30), sound=burst(1, 0.5), sound_codec=codec
    )
    info = copy(clip, tmp_path / "out.mov")
    with av.open(info.path) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    assert onset(info.path) == pytest.approx(onset(clip), abs=2e-3)


def test_damaged_sound_does_not_stop_the_film(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.ts", level_frames(30), sound=burst(1, 0))
    data = bytearray(clip.read_bytes())
    at = [i for i in range(len(data) - 1) if data[i : i + 2] == b"\xff\xf1"]
    for i in at[10:20]:
        data[i : i + 7] = b"\xff\xf1\x00\x00\x00\x00\x00"
    clip.write_bytes(data)
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert copy(clip, tmp_path / "out.mp4").frame_count == 30
    assert "packets of its sound are damaged" in caplog.text
    assert 9 <= len(packets(tmp_path / "out.mp4", "audio")) < 48


def test_sound_ends_with_the_last_frame_written(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(60), sound=burst(2.5, 0))
    info = probe(clip)
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(15), info.time_ns, strict=False):
            out.write(frame, time_ns)
    assert packets(clip, "audio")[-1][0] > 2.4  # whole, longer than its picture
    assert packets(copy(clip, tmp_path / "whole.mp4").path, "audio") == packets(clip, "audio")
    assert 0.45 < packets(tmp_path / "out.mp4", "audio")[-1][0] < 0.5


def test_sound_at_an_impossible_rate_is_left_out(tmp_path, caplog):
    clip = write_clip(
        tmp_path / "clip.avi",
        level_frames(30),
        codec="mpeg4",
        time_base=Fraction(1, 30),
        sound=burst(1, 0),
        sound_codec="pcm_s16le",
    )
    rate = SAMPLE_RATE.to_bytes(4, "little") + (4 * SAMPLE_RATE).to_bytes(4, "little")
    data = clip.read_bytes()
    assert rate in data
    clip.write_bytes(data.replace(rate, (1).to_bytes(4, "little") + (4).to_bytes(4, "little")))
    info = copy(clip, tmp_path / "out.mp4")
    assert (info.frame_count, info.has_audio) == (30, False)
    assert "1 samples a second are impossible); the new video is silent" in caplog.text
