import av
import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import Shrink, VideoWriter, probe, read_frames, read_pictures
from dvs_jax.video.picture import blank, planes, shrunk_luma

from .clips import FULL, color_chart, hand_made, level_frames, square_centers, write_clip


def luma(path):
    return [float(planes(picture)[0].mean()) for picture in read_pictures(path)]


def test_pictures_are_the_frames_as_they_are_stored(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(20))
    with av.open(clip) as container:
        stored = [frame.to_ndarray()[:48].mean() for frame in container.decode(video=0)]
    assert luma(clip) == pytest.approx(stored, abs=1e-9)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("color", [(1, 1, 1, 1), (6, 6, 6, FULL)])
def test_any_format_is_brought_to_one_with_the_same_colours(tmp_path, pix_fmt, color):
    chart = color_chart(128, 96)
    clip = write_clip(tmp_path / "clip.mp4", [chart] * 3, pix_fmt=pix_fmt, color=color)
    info = probe(clip)
    with VideoWriter(tmp_path / "out.mp4", info, 128, 96, crf=4) as out:
        for picture, time_ns in zip(read_pictures(clip), info.time_ns, strict=True):
            assert picture.format.name == ("yuv420p10le" if "10" in pix_fmt else "yuv420p")
            out.write_picture(picture, time_ns)
    before, after = (square_centers(next(read_frames(f))) for f in (clip, tmp_path / "out.mp4"))
    assert np.abs(before - after).max() <= 8


def test_images_become_pictures(tmp_path):
    for index, frame in enumerate(level_frames(3)):
        cv2.imwrite(str(tmp_path / f"{index}.png"), frame)
    # Limited range: 16 to 235.
    assert luma(tmp_path) == pytest.approx([16 + i * 4 * 219 / 255 for i in range(3)], abs=0.6)


def test_a_shrunk_picture_has_the_colours_of_the_frame(tmp_path):
    chart = color_chart(128, 96)
    clip = write_clip(tmp_path / "clip.mp4", [chart], color=(6, 6, 6, 1))
    small = Shrink(clip, (64, 48))(next(read_pictures(clip)))
    assert small.shape == (48, 64, 3)
    frame = next(read_frames(clip))
    assert np.abs(square_centers(small) - square_centers(frame)).max() <= 6


def error_of_shrinking(size, small, blur):
    """Return by how many levels each pixel differs from the mean of noise that was blurred."""
    picture = blank(size)
    luma = planes(picture)[0]
    noise = np.random.default_rng(0).integers(16, 236, luma.shape, np.uint8)
    luma[:] = cv2.GaussianBlur(noise, (0, 0), blur) if blur else noise
    at_once = cv2.resize(luma, small, interpolation=cv2.INTER_AREA)
    return np.abs(shrunk_luma(picture, small).astype(int) - at_once)


@pytest.mark.parametrize(("size", "small"), [((1280, 720), (160, 90)), ((97, 49), (24, 12))])
def test_shrunk_luma_is_the_mean_of_what_each_pixel_stands_for(size, small):
    # Halving rounds a few times over.
    assert error_of_shrinking(size, small, blur=0.0).max() <= 1


@pytest.mark.parametrize(
    ("size", "small"),
    [((1920, 1080), (400, 225)), ((640, 362), (160, 90)), ((1280, 720), (400, 225))],
)
def test_where_the_factor_is_not_even_it_is_the_mean_of_half_the_pixels(size, small):
    """Where the picture has no detail of few pixels, that is nearly the same."""
    error = error_of_shrinking(size, small, blur=2.0)
    assert error.max() <= 2
    assert error.mean() < 0.5


def test_planes_of_odd_pictures_are_rounded_up():
    assert [plane.shape for plane in planes(blank((65, 49)))] == [(49, 65), (25, 33), (25, 33)]


def test_pictures_of_another_kind_are_refused(tmp_path):
    for picture in (blank((64, 46)), av.VideoFrame(64, 48, "yuv444p")):
        with (
            pytest.raises(InputError, match="a picture is"),
            VideoWriter(tmp_path / "out.mp4", hand_made(tmp_path), 64, 48) as out,
        ):
            out.write_picture(picture, 0)
    assert not list(tmp_path.iterdir())
