"""Reading and writing video: order, times, colours, sound, rotation, and what goes wrong."""

import dataclasses
import logging
import math
import os
import resource
import weakref
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from dvs_jax.errors import InputError
from dvs_jax.video import Color, VideoInfo, VideoWriter, probe, read_frames

NTSC = Fraction(30000, 1001)
LEVEL_STEP = 4  # frame i of a clip has grey level i * LEVEL_STEP
SAMPLE_RATE = 48_000


def level_frames(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    return [np.full((height, width, 3), i * LEVEL_STEP, np.uint8) for i in range(count)]


def levels(frames) -> list[int]:
    return [round(float(frame.mean()) / LEVEL_STEP) for frame in frames]


def color_chart(width: int, height: int) -> np.ndarray:
    """An 8 × 4 board of saturated and pale colours, in squares that chroma subsampling spares."""
    colors = np.random.default_rng(0).integers(0, 256, (4, 8, 3), np.uint8)
    colors[0] = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    return cv2.resize(colors, (width, height), interpolation=cv2.INTER_NEAREST)


def square_centers(chart: np.ndarray) -> np.ndarray:
    height, width, _ = chart.shape
    return chart[height // 8 :: height // 4, width // 16 :: width // 8].astype(int)


def burst(seconds: float, start: float) -> np.ndarray:
    """A 1 kHz tone from `start` on: float32 [2, sample]."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = 0.5 * np.sin(2 * np.pi * 1000 * time) * (time >= start)
    return np.stack([tone, tone]).astype(np.float32)


def write_clip(
    path: Path,
    frames: list[np.ndarray],
    *,
    rate: Fraction = Fraction(30),
    time_base: Fraction = Fraction(1, 90_000),
    ticks: list[int] | None = None,
    pix_fmt: str = "yuv420p",
    color: tuple[int, int, int, int] = (2, 2, 2, 1),  # matrix, primaries, transfer, range
    tagged: bool = True,
    rotation: int = 0,
    mirrored: bool = False,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_start: int = 0,
    codec: str = "libx264",
    encoder: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    faststart: bool = False,
) -> Path:
    height, width, _ = frames[0].shape
    ticks = ticks or [round(i / rate / time_base) for i in range(len(frames))]
    with av.open(
        path, "w", container_options={"movflags": "+faststart"} if faststart else {}
    ) as out:
        out.metadata.update(metadata or {})
        video = out.add_stream(codec, rate=rate, width=width, height=height, time_base=time_base)
        video.pix_fmt = pix_fmt
        video.options = {"crf": "4"} | (encoder or {}) if codec == "libx264" else {}
        context = video.codec_context
        matrix, context.color_primaries, context.color_trc, context.color_range = color
        context.colorspace = matrix if tagged else 2
        if rotation or mirrored:
            video.set_display_rotation(rotation, hflip=mirrored)
        if sound is not None:
            audio = out.add_stream(sound_codec, rate=SAMPLE_RATE, layout="stereo")
        sws = {1: Colorspace.ITU709, 9: Colorspace.BT2020}.get(matrix, Colorspace.ITU601)
        for frame, tick in zip(frames, ticks, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(
                format=pix_fmt,
                dst_colorspace=sws,
                src_color_range=ColorRange.JPEG,
                dst_color_range=color[3],
                interpolation="BILINEAR",
            )
            picture.pts, picture.time_base = tick, time_base
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        if sound is not None:
            chunk = av.AudioFrame.from_ndarray(sound, "fltp", "stereo")
            chunk.rate, chunk.pts, chunk.time_base = (
                SAMPLE_RATE,
                sound_start,
                Fraction(1, SAMPLE_RATE),
            )
            out.mux(audio.encode(chunk))
            out.mux(audio.encode(None))
    return path


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time in seconds and contents of every packet of a stream."""
    with av.open(path) as container:
        stream = container.streams.best(kind)
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
        return [(p.pts * base, bytes(p)) for p in container.demux(stream) if p.size]


def samples(path: Path) -> tuple[float, np.ndarray]:
    """Time of the first sample in seconds, and the left channel."""
    with av.open(path) as container:
        chunks = list(container.decode(audio=0))
    return chunks[0].time, np.concatenate(
        [
            c.to_ndarray().reshape(2, -1)[0]
            if c.format.is_planar
            else c.to_ndarray().reshape(-1, 2)[:, 0] / 32768
            for c in chunks
        ]
    )


def onset(path: Path) -> float:
    start, left = samples(path)
    return start + int(np.argmax(np.abs(left) > 0.2)) / SAMPLE_RATE


def copy(source: Path, target: Path, **settings) -> VideoInfo:
    """Read → write; returns what was written."""
    info = probe(source)
    with VideoWriter(target, info, info.width, info.height, preset="ultrafast", **settings) as out:
        for frame, time_ns in zip(read_frames(source), info.time_ns, strict=True):
            out.write(frame, time_ns)
    return probe(target)


# What a video is.


def test_probe_reads_size_rate_times_and_sound(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(20), rate=NTSC, sound=burst(0.6, 0.3))
    info = probe(clip)
    assert (info.path, info.width, info.height) == (clip, 64, 48)
    assert (info.frame_rate, info.rotation, info.has_audio) == (NTSC, 0, True)
    assert info.time_ns.dtype == np.int64
    np.testing.assert_array_equal(info.time_ns, [round(i * 10**9 / NTSC) for i in range(20)])
    assert info.frame_count == 20


def test_frames_come_in_order_of_presentation_with_b_frames(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(40), encoder={"bf": "3"})
    with av.open(clip) as container:
        stored = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert stored != sorted(stored)
    assert levels(read_frames(clip)) == list(range(40))
    assert probe(clip).frame_count == 40


def test_avi_whose_packets_are_dated_out_of_order_is_read_in_order(tmp_path, caplog):
    clip = write_clip(
        tmp_path / "clip.avi",
        level_frames(30),
        encoder={"bf": "3"},
        time_base=Fraction(1, 30),
    )
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert levels(read_frames(clip)) == list(range(30))
    assert not caplog.records
    assert probe(clip).frame_rate == 30


def test_a_bare_stream_has_times_by_its_rate(tmp_path):
    clip = write_clip(
        tmp_path / "clip.h264", level_frames(30), encoder={"bf": "3"}, rate=Fraction(25)
    )
    info = probe(clip)
    assert (info.frame_rate, info.frame_count, info.time_ns[29]) == (25, 30, 29 * 40_000_000)
    assert levels(read_frames(clip)) == list(range(30))


def test_times_start_at_the_first_frames_own_time(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mp4", level_frames(5), ticks=[45_000 + 3000 * i for i in range(5)]
    )
    np.testing.assert_array_equal(
        probe(clip).time_ns, [round((45_000 + 3000 * i) * 10**9 / 90_000) for i in range(5)]
    )


VARIABLE_TICKS = [0, 3003, 5800, 9100, 12_345, 14_980, 18_200, 21_003, 24_444, 27_000]


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


@pytest.mark.parametrize("hidden", [1, 7])
def test_frames_hidden_by_an_edit_list_are_not_counted(tmp_path, hidden):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(20), encoder={"bf": "2"})
    cut = tmp_path / "cut.mp4"
    with av.open(clip) as source, av.open(cut, "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts -= 3000 * hidden
                packet.dts -= 3000 * hidden
                packet.stream = stream
                out.mux(packet)
    with av.open(cut) as container:
        assert sum(packet.is_discard for packet in container.demux(video=0)) == hidden
    assert probe(cut).frame_count == 20 - hidden
    assert levels(read_frames(cut)) == list(range(hidden, 20))


def test_a_clip_trimmed_by_its_edit_list_alone_is_whole(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(40), encoder={"g": "8", "bf": "2"})
    data = bytearray(clip.read_bytes())
    header, edits = data.find(b"mvhd"), data.find(b"elst")
    ticks_per_second = int.from_bytes(data[header + 16 : header + 20], "big")
    data[edits + 12 : edits + 16] = (ticks_per_second // 2).to_bytes(4, "big")
    clip.write_bytes(data)
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert probe(clip).frame_count == 15
        assert levels(read_frames(clip)) == list(range(15))
    assert not caplog.records


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


def test_tags_that_are_no_utf8_do_not_matter(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(2), metadata={"title": "cafe"})
    clip.write_bytes(clip.read_bytes().replace(b"cafe", b"caf\xe9"))
    assert probe(clip).frame_count == 2


# Folders of images.


def save_image(path: Path, image: np.ndarray) -> None:
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def test_a_folder_of_images_is_a_video_in_natural_order(tmp_path):
    for name, level in (("10.png", 3), ("9.png", 2), ("001.png", 0), ("2.JPG", 1)):
        save_image(tmp_path / name, level_frames(4, 31, 17)[level])
    (tmp_path / "notes.txt").write_text("not an image")
    info = probe(tmp_path)
    assert (info.width, info.height, info.frame_rate, info.has_audio) == (31, 17, 30, False)
    np.testing.assert_array_equal(info.time_ns, [0, 33_333_333, 66_666_667, 100_000_000])
    assert levels(read_frames(tmp_path)) == [0, 1, 2, 3]
    assert probe(tmp_path, frame_rate=NTSC).time_ns[3] == 100_100_000
    assert probe(tmp_path, frame_rate=12.5).time_ns[1] == 80_000_000


def test_images_are_rgb_and_become_a_video(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    chart = color_chart(128, 96)
    for i in range(3):
        save_image(folder / f"{i}.png", chart)
    np.testing.assert_array_equal(next(read_frames(folder)), chart)
    info = copy(folder, tmp_path / "out.mp4", crf=4)
    assert (info.frame_rate, info.frame_count, info.has_audio) == (30, 3, False)
    difference = square_centers(next(read_frames(info.path))) - square_centers(chart)
    assert np.abs(difference).max() <= 5


def test_images_are_read_as_stored_whatever_their_orientation_tag(tmp_path):
    stored, encoded = cv2.imencode(".jpg", np.zeros((20, 30, 3), np.uint8))
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(turned) + 2).to_bytes(2, "big") + turned
    data = encoded.tobytes()
    (tmp_path / "0.jpg").write_bytes(data[:2] + segment + data[2:])
    assert stored
    assert cv2.imread(str(tmp_path / "0.jpg")).shape == (30, 20, 3)
    assert next(read_frames(tmp_path)).shape == (20, 30, 3)


def test_folders_that_are_no_video(tmp_path):
    with pytest.raises(InputError, match="no image"):
        probe(tmp_path)
    save_image(tmp_path / "0.png", np.zeros((4, 6, 3), np.uint8))
    for frame_rate in (0, -30, math.nan, math.inf):
        with pytest.raises(InputError, match="frame rate"):
            probe(tmp_path, frame_rate=frame_rate)
    save_image(tmp_path / "1.png", np.zeros((4, 8, 3), np.uint8))
    with pytest.raises(InputError, match=r"1\.png.*8 × 4.*6 × 4"):
        list(read_frames(tmp_path))
    (tmp_path / "1.png").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"1\.png"):
        list(read_frames(tmp_path))
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"1\.png"):
        list(read_frames(tmp_path))


# Colours.

BT601, BT709, BT2020_HLG = (6, 6, 6), (1, 1, 1), (9, 9, 18)
LIMITED, FULL = 1, 2


@pytest.mark.parametrize(
    ("pix_fmt", "color", "size"),
    [
        ("yuv420p", (*BT709, LIMITED), (128, 96)),
        ("yuv420p", (*BT601, LIMITED), (128, 96)),
        ("yuv420p", (*BT2020_HLG, LIMITED), (128, 96)),
        ("yuvj420p", (*BT709, FULL), (128, 96)),
        ("yuvj420p", (*BT601, FULL), (128, 96)),
        ("yuv420p10le", (*BT709, LIMITED), (128, 96)),
        ("yuv422p10le", (*BT2020_HLG, LIMITED), (128, 96)),
        ("yuv444p", (*BT709, LIMITED), (128, 96)),
    ],
)
def test_colors_are_read_right_and_survive_the_round_trip(tmp_path, pix_fmt, color, size):
    chart = color_chart(*size)
    clip = write_clip(tmp_path / "clip.mp4", [chart] * 3, pix_fmt=pix_fmt, color=color)
    frame = next(read_frames(clip))
    assert np.abs(square_centers(frame) - square_centers(chart)).max() <= 5
    info = copy(clip, tmp_path / "out.mp4", crf=4)
    assert info.color == Color(*color[:3])
    again = next(read_frames(info.path))
    difference = square_centers(again) - square_centers(frame)
    assert np.abs(difference).max() <= 6
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.7
    with av.open(info.path) as container:
        picture = next(container.decode(video=0))
        assert (picture.format.name, picture.color_range) == ("yuv420p", LIMITED)
        assert (picture.colorspace, picture.color_primaries, picture.color_trc) == color[:3]


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((720, 576), 6)])
def test_untagged_colors_are_guessed_by_size_as_players_do(tmp_path, size, matrix):
    chart = color_chart(*size)
    color = (matrix, 2, 2, LIMITED)
    clip = write_clip(tmp_path / "clip.mp4", [chart], color=color, tagged=False)
    with av.open(clip) as container:
        assert next(container.decode(video=0)).colorspace == 2
    assert probe(clip).color == Color(matrix, matrix, matrix)
    frame = next(read_frames(clip))
    assert np.abs(square_centers(frame) - square_centers(chart)).max() <= 5


def test_a_matrix_that_cannot_be_converted_is_refused(tmp_path):
    ycgco = 8
    clip = write_clip(tmp_path / "clip.mp4", level_frames(1), color=(ycgco, 1, 1, LIMITED))
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(InputError, match="matrix 8"):
            read(clip)


def test_rgb_video_needs_no_matrix(tmp_path):
    chart = color_chart(64, 48)
    clip = write_clip(tmp_path / "clip.mkv", [chart], codec="ffv1", pix_fmt="bgr0")
    assert probe(clip).color == Color()
    np.testing.assert_array_equal(next(read_frames(clip)), chart)


def test_grey_video_becomes_rgb(tmp_path):
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 48, axis=0).repeat(
        3, axis=2
    )
    clip = write_clip(tmp_path / "clip.mkv", [ramp] * 2, pix_fmt="gray", color=(*BT709, FULL))
    frame = next(read_frames(clip))
    assert frame.shape == (48, 64, 3)
    assert np.abs(frame.astype(int) - ramp).max() <= 3


@pytest.mark.parametrize("codec", ["ffv1", "libvpx-vp9"])
def test_odd_sizes_are_read_whole_and_written_one_pixel_smaller(tmp_path, codec):
    chart = color_chart(129, 97)
    clip = write_clip(tmp_path / "clip.mkv", [chart] * 3, codec=codec, color=(*BT709, LIMITED))
    frame = next(read_frames(clip))
    assert frame.shape == (97, 129, 3)
    info = copy(clip, tmp_path / "out.mp4", crf=4)
    assert (info.width, info.height) == (128, 96)
    again = next(read_frames(info.path))
    assert np.abs(square_centers(again) - square_centers(frame[:96, :128])).max() <= 6


# Times and sound of what is written.


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
        time_ns=np.array([round(t * 10**9 / 90_000) for t in ticks], np.int64),
        time_base=Fraction(1, 90_000),
    )
    write_levels(tmp_path / "out.mp4", info)
    np.testing.assert_array_equal(probe(tmp_path / "out.mp4").time_ns, info.time_ns)


def test_times_other_than_the_originals_are_written_as_they_are(tmp_path):
    info = probe(write_clip(tmp_path / "clip.mp4", level_frames(10)))
    times = [0, 11_000_000, 50_000_000, 61_000_000]
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(level_frames(4), times, strict=True):
            out.write(frame, time_ns)
    np.testing.assert_array_equal(probe(tmp_path / "out.mp4").time_ns, times)


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
    assert packets(info.path, "audio") == packets(clip, "audio")
    np.testing.assert_array_equal(info.time_ns, probe(clip).time_ns)
    assert onset(clip) == pytest.approx(0.5 + sound_start, abs=2e-3)
    assert onset(info.path) == onset(clip)


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


# What is written, and when it is not.


def hand_made(folder: Path, count: int = 10) -> VideoInfo:
    """A description with no file behind it, as a synthetic clip has."""
    time_ns = np.array([round(i * 10**9 / 30) for i in range(count)], np.int64)
    return VideoInfo(folder / "none", 64, 48, Fraction(30), time_ns, rotation=0, has_audio=False)


def write_levels(path: Path, info: VideoInfo, size: tuple[int, int] = (64, 48), **settings) -> None:
    with VideoWriter(path, info, *size, preset="ultrafast", **settings) as out:
        for frame, time_ns in zip(
            level_frames(len(info.time_ns), *size), info.time_ns, strict=True
        ):
            out.write(frame, time_ns)


def test_a_description_by_hand_suffices(tmp_path):
    write_levels(tmp_path / "out.mp4", hand_made(tmp_path))
    assert levels(read_frames(tmp_path / "out.mp4")) == list(range(10))


@pytest.mark.parametrize("suffix", [".mp4", ".MOV"])
def test_the_index_comes_first_so_that_playing_starts_at_once(tmp_path, suffix):
    write_levels(tmp_path / f"out{suffix}", hand_made(tmp_path))
    data = (tmp_path / f"out{suffix}").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_strided_and_read_only_frames_are_written(tmp_path):
    info = hand_made(tmp_path, 1)
    wide = np.ascontiguousarray(np.tile(color_chart(64, 48), (1, 2, 1))[::-1])
    wide.flags.writeable = False
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, crf=4) as out:
        out.write(wide[::-1, :64], 0)
    difference = square_centers(next(read_frames(tmp_path / "out.mp4"))) - square_centers(
        color_chart(64, 48)
    )
    assert np.abs(difference).max() <= 8


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("after", [0, 8])
def test_nothing_is_left_after_an_exception(tmp_path, error, after):
    info = hand_made(tmp_path)
    target = tmp_path / "out.mp4"
    target.write_bytes(b"an older film")
    with pytest.raises(error), VideoWriter(target, info, 64, 48) as out:
        for frame, time_ns in zip(level_frames(after), info.time_ns, strict=False):
            out.write(frame, time_ns)
        raise error
    assert target.read_bytes() == b"an older film"
    assert list(tmp_path.iterdir()) == [target]


def test_an_older_film_is_replaced_only_at_the_end(tmp_path):
    info = hand_made(tmp_path)
    target = tmp_path / "out.mp4"
    target.write_bytes(b"an older film")
    with VideoWriter(target, info, 64, 48) as out:
        for frame, time_ns in zip(level_frames(10), info.time_ns, strict=True):
            out.write(frame, time_ns)
        assert target.read_bytes() == b"an older film"
    assert probe(target).frame_count == 10
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    target = tmp_path / ("x" * 251 + ".mp4")
    write_levels(target, hand_made(tmp_path))
    assert probe(target).frame_count == 10


def test_a_film_can_be_written_over_its_own_original(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), sound=burst(1, 0.5))
    sound = packets(clip, "audio")
    assert copy(clip, clip).frame_count == 30
    assert packets(clip, "audio") == sound


@pytest.mark.parametrize("limit", [0, 20_000, 200_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, limit):
    noise = np.random.default_rng(0).integers(0, 256, (30, 240, 320, 3), np.uint8)
    info = hand_made(tmp_path, 30)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with (
            pytest.raises(InputError, match=f"out.mp4.*{tmp_path}.*File too large") as caught,
            VideoWriter(tmp_path / "out.mp4", info, 320, 240, preset="ultrafast") as out,
        ):
            for frame, time_ns in zip(noise, info.time_ns, strict=True):
                out.write(frame, time_ns)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_folders_that_cannot_be_written_to(tmp_path):
    info = hand_made(tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}/nowhere .*No such file"):
        write_levels(tmp_path / "nowhere" / "out.mp4", info)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=f"{tmp_path}/file .*Not a directory"):
        write_levels(tmp_path / "file" / "out.mp4", info)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_folder_is_one_line(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    with pytest.raises(InputError, match=f"{folder} .*Permission denied"):
        write_levels(folder / "out.mp4", hand_made(tmp_path))


def test_impossible_requests_are_refused_before_any_file(tmp_path):
    info = hand_made(tmp_path)
    for name, size, settings, complaint in (
        ("out.avi", (64, 48), {}, "mp4, .mov, .mkv"),
        ("out", (64, 48), {}, "mp4, .mov, .mkv"),
        ("out.mp4", (1, 48), {}, "1 × 48"),
        ("out.mp4", (64, 48), {"crf": 52}, "crf 52"),
        ("out.mp4", (64, 48), {"crf": math.nan}, "crf nan"),
        ("out.mp4", (64, 48), {"preset": "best"}, "'best'"),
    ):
        with pytest.raises(InputError, match=complaint):
            VideoWriter(tmp_path / name, info, *size, **settings)
    with pytest.raises(InputError, match="no frame"), VideoWriter(tmp_path / "o.mp4", info, 64, 48):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (np.zeros((48, 62, 3), np.uint8), r"\(48, 62, 3\)"),
        (np.zeros((48, 64), np.uint8), r"\(48, 64\)"),
        (np.zeros((48, 64, 3), np.float32), "float32"),
    ],
)
def test_frames_of_another_kind_are_refused(tmp_path, frame, complaint):
    with (
        pytest.raises(InputError, match=complaint),
        VideoWriter(tmp_path / "out.mp4", hand_made(tmp_path), 64, 48) as out,
    ):
        out.write(frame, 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("second", [40_000_000, 33_000_000, 39_999_999])
def test_times_have_to_ascend(tmp_path, second):
    with (
        pytest.raises(InputError, match="not after"),
        VideoWriter(tmp_path / "out.mp4", hand_made(tmp_path), 64, 48) as out,
    ):
        out.write(level_frames(1)[0], 40_000_000)
        out.write(level_frames(1)[0], second)


# What cannot be read, or not wholly.


def test_files_that_are_no_video(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        probe(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="no such file"):
        list(read_frames(tmp_path / "missing.mp4"))
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("1 2 3\n" * 50)
    for name in ("noise.mp4", "empty.mp4", "notes.txt"):
        for read in (probe, lambda path: list(read_frames(path))):
            with pytest.raises(InputError, match=name) as caught:
                read(tmp_path / name)
            assert "\n" not in str(caught.value)


def test_sound_alone_is_no_video(tmp_path):
    sound = tmp_path / "sound.m4a"
    with av.open(sound, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        chunk = av.AudioFrame.from_ndarray(burst(0.5, 0), "fltp", "stereo")
        chunk.rate, chunk.pts = SAMPLE_RATE, 0
        out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match="no video in this file"):
        probe(sound)


def test_the_cover_of_a_song_is_no_video(tmp_path):
    song = tmp_path / "song.m4a"
    with av.open(song, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        cover = out.add_stream("mjpeg", rate=1, width=64, height=48, pix_fmt="yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        chunk = av.AudioFrame.from_ndarray(burst(0.5, 0), "fltp", "stereo")
        chunk.rate, chunk.pts = SAMPLE_RATE, 0
        out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match="no video in this file"):
        probe(song)


def test_a_video_without_frames(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(10), faststart=True)
    data = clip.read_bytes()
    clip.write_bytes(data[: data.find(b"mdat") + 4])
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(InputError, match="not one frame"):
            read(clip)


def test_a_file_cut_off_before_its_index_is_refused(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30))
    data = clip.read_bytes()
    assert data.find(b"moov") > data.find(b"mdat")
    clip.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="broken off"):
        probe(clip)


def textured_frames(count: int) -> list[np.ndarray]:
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    still = cv2.resize(texture, (64, 48), interpolation=cv2.INTER_NEAREST)
    return [np.roll(still, i, axis=1) for i in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_file_cut_off_in_the_middle_is_read_as_far_as_it_goes(tmp_path, caplog, suffix):
    clip = write_clip(tmp_path / f"clip{suffix}", textured_frames(60), faststart=suffix == ".mp4")
    whole = list(read_frames(clip))
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 6 // 10])
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        info = probe(clip)
    assert 20 < info.frame_count < 55
    lost = 60 - info.frame_count
    assert f"{lost} of its 60 frames are missing" in caplog.text
    assert info.frame_rate == 30
    frames = list(read_frames(clip))
    assert len(frames) == info.frame_count
    for frame, expected in zip(frames[:20], whole, strict=False):
        np.testing.assert_array_equal(frame, expected)
    assert copy(clip, tmp_path / "out.mp4").frame_count == info.frame_count


def test_two_frames_at_one_time_are_set_a_tick_apart(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", level_frames(10), codec="ffv1")
    fourth, fifth = (b"\x81" + time_ms.to_bytes(2, "big") + b"\0" for time_ms in (100, 133))
    data = clip.read_bytes()
    assert data.count(fifth) == 1
    clip.write_bytes(data.replace(fifth, fourth))
    np.testing.assert_array_equal(probe(clip).time_ns[2:6] // 10**6, [67, 100, 101, 167])
    assert levels(read_frames(clip)) == list(range(10))
    assert copy(clip, tmp_path / "out.mp4").frame_count == 10


def test_frames_that_cannot_be_decoded_are_replaced_and_the_rest_stay_in_place(tmp_path, caplog):
    # Each frame is a key frame, so that a damaged one takes no other with it.
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), encoder={"g": "1"})
    with av.open(clip) as container:
        stored = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(clip.read_bytes())
    for i in (0, 11, 12, 29):
        position, size = stored[i]
        data[position : position + size] = b"\xff" * size
    clip.write_bytes(data)
    assert probe(clip).frame_count == 30
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        found = levels(read_frames(clip))
    expected = list(range(30))
    expected[0], expected[11], expected[12], expected[29] = 1, 10, 10, 28
    assert found == expected
    assert "4 frames could not be decoded" in caplog.text


def test_good_files_are_read_without_a_word(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), sound=burst(1, 0))
    with caplog.at_level(logging.DEBUG, "dvs_jax"):
        copy(clip, tmp_path / "out.mkv")
        copy(tmp_path / "out.mkv", tmp_path / "out.mp4")
    assert not caplog.records


def test_a_frame_size_that_changes_is_refused(tmp_path):
    small = write_clip(tmp_path / "small.ts", level_frames(10, 64, 48))
    large = write_clip(tmp_path / "large.ts", level_frames(10, 128, 96))
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(InputError, match=r"64, 48.*128, 96"):
        list(read_frames(both))


# Memory.


def test_few_frames_are_alive_at_a_time_however_long_the_film(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(60) * 3, sound=burst(6, 0))
    info = probe(clip)
    alive: weakref.WeakSet[np.ndarray] = weakref.WeakSet()
    most = 0
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(read_frames(clip), info.time_ns, strict=True):
            view = frame.view(Counted)
            alive.add(view)
            most = max(most, len(alive))
            out.write(view, time_ns)
    assert probe(tmp_path / "out.mp4").frame_count == 180
    assert most <= 3


class Counted(np.ndarray):
    """An array that a weak set can hold."""

    __hash__ = object.__hash__
