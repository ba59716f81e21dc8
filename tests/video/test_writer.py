import math
import os
import resource

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import VideoWriter, probe, read_frames

from .clips import (
    burst,
    color_chart,
    copy,
    hand_made,
    level_frames,
    levels,
    packets,
    square_centers,
    write_clip,
    write_levels,
)


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
