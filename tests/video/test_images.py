import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import probe, read_frames

from .clips import NTSC, color_chart, copy, level_frames, levels, square_centers


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
