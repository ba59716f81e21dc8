"""Every track of sound and subtitles is carried over, with its language and its layout."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.video import VideoWriter, part_of, probe
from dvs_jax.video.subtitles import _STYLE

from .clips import SAMPLE_RATE, copy, level_frames

Tracks = list[tuple[str, str, str, float]]
"""Of each its codec, layout, language and tone in Hz."""


def write(path: Path, tracks: Tracks, texts: tuple[tuple[str, str], ...] = ()) -> Path:
    """Grey with tones, and subtitles by codec and language: "one" at 0.1 s, "two" at 0.6 s."""
    with av.open(path, "w") as out:
        video = out.add_stream("libx264", rate=30, width=64, height=48, pix_fmt="yuv420p")
        sounds = [
            out.add_stream(codec, rate=SAMPLE_RATE, layout=name) for codec, name, _, _ in tracks
        ]
        for sound, (_, _, language, _) in zip(sounds, tracks, strict=True):
            sound.metadata["language"] = language
        titles = [out.add_stream(codec) for codec, _ in texts]
        for title, (_, language) in zip(titles, texts, strict=True):
            title.metadata["language"] = language
            title.codec_context.subtitle_header = _STYLE
        for index, frame in enumerate(level_frames(30)):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        for sound, (_, name, _, tone) in zip(sounds, tracks, strict=True):
            wave = 0.5 * np.sin(2 * np.pi * tone * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
            channels = av.AudioLayout(name).nb_channels
            chunk = av.AudioFrame.from_ndarray(
                np.tile(wave, (channels, 1)).astype(np.float32), "fltp", name
            )
            chunk.rate, chunk.pts, chunk.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
            out.mux([*sound.encode(chunk), *sound.encode(None)])
        for title in titles:
            for start_ms, text in ((100, b"one"), (600, b"two")):
                is_mov = title.codec_context.name == "mov_text"
                packet = av.Packet((len(text).to_bytes(2, "big") if is_mov else b"") + text)
                packet.stream, packet.time_base = title, Fraction(1, 1000)
                packet.pts = packet.dts = start_ms
                packet.duration = 300
                out.mux(packet)
    return path


def told(path: Path) -> list[tuple[str | None, int]]:
    with av.open(path) as container:
        return [(each.metadata.get("language"), each.channels) for each in container.streams.audio]


def heard(path: Path, index: int) -> tuple[float, float]:
    """The tone in Hz, and the root mean square, of a track's first channel from 0.3 to 0.8 s."""
    with av.open(path) as container:
        planar = av.AudioResampler("fltp")
        frames = [one for each in container.decode(audio=index) for one in planar.resample(each)]
    wave = np.concatenate([frame.to_ndarray()[0] for frame in frames])[14_400:38_400]
    return float(np.argmax(np.abs(np.fft.rfft(wave)))) * 2.0, float(np.sqrt(np.mean(wave**2)))


def texts(path: Path) -> list[tuple[str | None, list[tuple[float, str]]]]:
    found = []
    with av.open(path) as container:
        for title in container.streams.subtitles:
            container.seek(0)
            lines = [
                (float(packet.pts * packet.time_base), each.dialogue.decode())
                for packet in container.demux(title)
                for each in (title.decode(packet) if packet.size > 2 else [])
            ]
            found.append((title.metadata.get("language"), lines))
    return found


def known(language: str, suffix: str) -> str:
    """The code of a language in a container."""
    return {"deu": "ger", "zho": "chi"}.get(language, language) if suffix == ".mov" else language


EIGHT = [("aac", "mono", language, 400.0 + 100 * i) for i, language in enumerate(
    ("eng", "deu", "fra", "spa", "ita", "jpn", "kor", "zho")
)]  # fmt: skip


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_all_tracks_are_kept_in_order_with_their_languages(tmp_path, suffix):
    clip = write(tmp_path / "clip.mp4", EIGHT)
    out = copy(clip, tmp_path / f"out{suffix}").path
    assert told(out) == [(known(language, suffix), 1) for _, _, language, _ in EIGHT]
    for index, (_, _, _, tone) in enumerate(EIGHT):
        assert heard(out, index) == (tone, pytest.approx(heard(clip, index)[1], rel=0.01))


@pytest.mark.parametrize(
    ("name", "channels"), [("mono", 1), ("stereo", 2), ("3.0", 3), ("quad", 4), ("5.1", 6)]
)
@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_sound_that_is_encoded_anew_keeps_its_channels_and_loudness(
    tmp_path, suffix, name, channels
):
    clip = write(tmp_path / f"clip{suffix}", [("pcm_s16le", name, "eng", 500.0)])
    out = copy(clip, tmp_path / "out.mp4").path
    assert told(out)[0][1] == channels
    tone, loudness = heard(out, 0)
    assert tone == 500.0
    assert loudness == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_track_that_cannot_be_decoded_is_told_and_the_next_is_kept(tmp_path, caplog):
    clip = write(tmp_path / "clip.mp4", EIGHT[:2])
    data = bytearray(clip.read_bytes())
    for old, new in ((b"mp4a", b"apac"), (b"esds", b"free")):
        at = data.find(old)
        data[at : at + 4] = new
    clip.write_bytes(data)
    out = copy(clip, tmp_path / "out.mp4").path
    assert told(out) == [("deu", 1)]
    assert "clip.mp4: left out: sound track 1, eng (there is no decoder for it)" in caplog.text
    assert "silent" not in caplog.text


def test_sound_may_be_left_out(tmp_path):
    info = probe(write(tmp_path / "clip.mp4", EIGHT[:2], (("mov_text", "deu"),)))
    info = dataclasses.replace(info, has_audio=False)
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(30), info.time_ns, strict=True):
            out.write(frame, time_ns)
    assert told(tmp_path / "out.mp4") == []
    assert len(texts(tmp_path / "out.mp4")) == 1


@pytest.mark.parametrize(("source", "codec"), [("mp4", "mov_text"), ("mkv", "subrip")])
@pytest.mark.parametrize("target", ["mp4", "mov", "mkv"])
def test_subtitles_are_kept_with_their_times_and_languages(tmp_path, source, codec, target):
    clip = write(tmp_path / f"clip.{source}", EIGHT[:1], ((codec, "deu"), (codec, "fra")))
    out = copy(clip, tmp_path / f"out.{target}").path
    lines = [(pytest.approx(0.1, abs=0.03), "one"), (pytest.approx(0.6, abs=0.03), "two")]
    assert texts(out) == [(known(each, f".{target}"), lines) for each in ("deu", "fra")]


def test_a_part_has_the_subtitles_of_its_time(tmp_path):
    info = part_of(probe(write(tmp_path / "clip.mp4", [], (("mov_text", "deu"),))), slice(15, 30))
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(15), info.time_ns, strict=True):
            out.write(frame, time_ns)
    assert texts(tmp_path / "out.mp4") == [("deu", [(pytest.approx(0.1, abs=0.03), "two")])]
