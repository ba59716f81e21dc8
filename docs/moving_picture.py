"""The moving picture of README.md: a photograph filmed by a camera that walks, before and after.

python docs/moving_picture.py     writes docs/pictures/before_after.webp

There is no video with a gyro log that may be shown freely and that a package manager brings, so the
camera is a computed one: its shake, its rolling shutter and its gyro log are those of synthetic
clips. The photograph is real, and far away.
"""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

import dvs_jax
from data.photographs.packages import fetch
from dvs_jax import quaternion, synthetic, video
from dvs_jax.clip import Clip
from dvs_jax.synthetic import Recording, SyntheticClip
from dvs_jax.synthetic.view import rays
from dvs_jax.whole_file import replacing, scratch

FILE = Path(__file__).with_name("pictures") / "before_after.webp"

PACKAGE = "lomiri-wallpapers-16.04"
PHOTOGRAPH = "usr/share/backgrounds/friends_by_Aitzol_Berasategi.jpg"
"""By Aitzol Berasategi, CC BY 4.0."""

SECONDS, SIZE = 5.0, (960, 540)
SEEN_SHARE = 0.62
"""Of the photograph's width, what the camera sees at a time."""

SHOWN = (400, 225)
EVERY = 2
"""Of 30 frames a second, those that are shown."""

Picture = UInt8[np.ndarray, "height width 3"]


def main() -> None:
    """Film the photograph, stabilise that, and write both beside each other."""
    with scratch() as folder:
        photograph = cv2.imread(str(fetch(PACKAGE, folder) / PHOTOGRAPH), cv2.IMREAD_COLOR_RGB)
        clip = filmed(photograph)
        report = dvs_jax.stabilize(clip, folder / "out", dvs_jax.load_model("fused"), crf=12.0)
        after = list(video.read_frames(report.cropped))
    assert clip.images is not None
    both = [beside(*pair) for pair in list(zip(clip.images, after, strict=True))[::EVERY]]
    first, *rest = map(Image.fromarray, both)
    how = {"duration": round(1000 * EVERY / 30), "loop": 0, "quality": 55, "method": 6}
    with replacing(FILE) as part:
        first.save(part, "WEBP", save_all=True, append_images=rest, **how)


def filmed(photograph: Picture) -> Clip:
    """Return what a walking camera films of a photograph at infinity, with its gyro."""
    made = SyntheticClip("walking", "distant", SECONDS, size=SIZE, ois=False, seed=5)
    recording = synthetic.record(made)
    frames = [seen(photograph, recording, index) for index in range(made.frame_count)]
    time_ns = recording.frames.time_ns - recording.frames.time_ns[0]
    return Clip.from_arrays(frames, time_ns, synthetic.sensor_log(made), name="walk")


def seen(photograph: Picture, recording: Recording, index: int) -> Picture:
    """Return a frame, each row by the camera's pose when it was read."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width].astype(float)
    view = synthetic.view_of(recording, index)
    _, direction = rays(view, np.stack([x, y], axis=-1))
    path = synthetic.true_path(recording).quaternion
    ahead = direction @ quaternion.to_matrix(path[len(path) // 2]).T
    scale = view.focal_px * photograph.shape[1] * SEEN_SHARE / width
    places = ahead[..., :2] / ahead[..., 2:] * scale + np.array(photograph.shape[1::-1]) / 2.0
    return cv2.remap(photograph, places.astype(np.float32), None, cv2.INTER_CUBIC)


def beside(before: Picture, after: Picture) -> Picture:
    """Return both as they are shown, with a white line between them."""
    left, right = (
        cv2.resize(each, SHOWN, interpolation=cv2.INTER_AREA) for each in (before, after)
    )
    return np.hstack([left, np.full((SHOWN[1], 8, 3), 255, np.uint8), right])


if __name__ == "__main__":
    main()
