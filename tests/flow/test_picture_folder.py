"""Key points and flow as pictures."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, FlowPair, key_points, picture_folder
from dvs_jax.flow.picture import component

SIDE = 160


@pytest.fixture
def frames() -> list[np.ndarray]:
    """Three frames of a white square on black, which has corners."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[60:100, 60:100] = 255
    return [image] * 3


@pytest.fixture
def flow(tmp_path) -> FlowFolder:
    """Flow of a quarter of the frames' size: 2 px to the right, 1 up; then too far."""
    folder = FlowFolder(tmp_path)
    for index, (dx, dy) in enumerate([(2.0, -1.0), (40.0, -40.0)]):
        forward = np.full((SIDE // 4, SIDE // 4, 2), (dx, dy), np.float32)
        folder.write(index, FlowPair(forward, -forward))
    return folder


def read(folder: Path, name: str) -> np.ndarray:
    image = cv2.imread(str(folder / picture_folder.NAME / name), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def test_flow_becomes_grey_levels_and_is_clipped():
    flow = np.array([[-20.0, -15.0, -7.5, 0.0, 15.0, 99.0]], np.float32)
    assert component(flow).tolist() == [[0, 0, 64, 128, 255, 255]]


def test_each_frame_has_its_pictures_in_pixels_of_the_video(frames, flow):
    assert list(picture_folder.write(frames, flow, "orb")) == [0, 1, 2]
    made = sorted(p.relative_to(flow.clip).as_posix() for p in flow.clip.rglob("*.jpg"))
    names = ["features/000000", "features/000001", "features/000002"]
    names += ["u/000000", "u/000001", "v/000000", "v/000001"]
    assert made == [f"flow_pictures/{name}.jpg" for name in names]
    # 2 and -1 px of a quarter of the size are 8 and -4 px: (8 + 15) · 255 / 30 = 195.5.
    assert np.abs(read(flow.clip, "u/000000.jpg") - 195.5).max() <= 1.0
    assert np.abs(read(flow.clip, "v/000000.jpg") - 93.5).max() <= 1.0
    assert (read(flow.clip, "u/000001.jpg") == 255).all()
    assert (read(flow.clip, "v/000001.jpg") == 0).all()
    shown = read(flow.clip, "features/000000.jpg").astype(int)
    is_green = (shown[..., 1] > 150) & (shown[..., 0] < 90) & (shown[..., 2] < 90)
    assert is_green.sum() > 20


@pytest.mark.parametrize("detector", ["orb", "sift"])
def test_key_points_lie_at_the_corners_and_leave_the_image_alone(frames, detector):
    before = frames[0].copy()
    shown = key_points.drawn(frames[0], detector)
    np.testing.assert_array_equal(frames[0], before)
    assert (shown != before).any()
    flat = np.full((SIDE, SIDE, 3), 90, np.uint8)
    np.testing.assert_array_equal(key_points.drawn(flat, detector), flat)


def test_pictures_are_replaced_and_an_interrupted_run_leaves_those_before(frames, flow):
    list(picture_folder.write(frames, flow, "orb"))
    before = read(flow.clip, "features/000000.jpg")
    unfinished = picture_folder.write(frames, flow, "sift")
    list(islice(unfinished, 2))
    unfinished.close()
    np.testing.assert_array_equal(read(flow.clip, "features/000000.jpg"), before)
    list(picture_folder.write(frames, flow, "sift"))
    assert (read(flow.clip, "features/000000.jpg") != before).any()


def test_a_folder_of_others_is_refused(frames, flow):
    (flow.clip / picture_folder.NAME).write_bytes(b"a file")
    with pytest.raises(InputError, match="not of an earlier run; move it away"):
        list(picture_folder.write(frames, flow, "orb"))
    (flow.clip / picture_folder.NAME).unlink()
    (flow.clip / picture_folder.NAME).mkdir()
    (flow.clip / picture_folder.NAME / "holiday.jpg").write_bytes(b"a photo")
    with pytest.raises(InputError, match=r"flow_pictures: .* not of an earlier run; move it away"):
        list(picture_folder.write(frames, flow, "orb"))
