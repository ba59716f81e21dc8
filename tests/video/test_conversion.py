import av
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import Color, read_frames

from .clips import FULL, LIMITED, color_chart, copy, level_frames, square_centers, write_clip

BT601, BT709, BT2020_HLG = (6, 6, 6), (1, 1, 1), (9, 9, 18)


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
        expected = "yuv420p10le" if pix_fmt.endswith("10le") else "yuv420p"
        assert (picture.format.name, picture.color_range) == (expected, LIMITED)
        assert (picture.colorspace, picture.color_primaries, picture.color_trc) == color[:3]


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


def test_a_frame_size_that_changes_is_refused(tmp_path):
    small = write_clip(tmp_path / "small.ts", level_frames(10, 64, 48))
    large = write_clip(tmp_path / "large.ts", level_frames(10, 128, 96))
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(InputError, match=r"64, 48.*128, 96"):
        list(read_frames(both))
