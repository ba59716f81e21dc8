"""Made-up videos and viewers as files: as players show and recorders write them, faults too."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from dvs_jax.progress import Track, silently
from dvs_jax.video import NANOSECONDS, VideoInfo, VideoWriter
from dvs_jax.viewport import saliency_points, sphere
from dvs_jax.viewport.saliency import stored
from dvs_jax.viewport.saliency.stored import SUFFIX, Stored
from dvs_jax.viewport.synthetic import audience, recordings
from dvs_jax.viewport.synthetic import video as videos
from dvs_jax.viewport.synthetic.video import Video
from dvs_jax.viewport.traces.trace import HeadTrace
from dvs_jax.whole_file import make_folder, replacing_together

WIDTH, HEIGHT, FRAME_RATE = 512, 256, 25

_COLOURS = np.array([(255, 170, 60), (90, 180, 255), (140, 235, 120)], np.float32)
"""Of the main blob and the others."""

_SKY, _GROUND = np.array([24, 30, 52], np.float32), np.array([44, 38, 30], np.float32)


def write(out: Path, seed: int, count: int, per_video: int, track: Track = silently) -> None:
    """Write videos/, quest/, wu/ and plain/, and broken/ with what is to be refused.

    Args:
        out: folder, made if it is missing.
        seed: of everything random.
        count: videos.
        per_video: viewers of each.
        track: shows the progress.

    Raises:
        InputError: a file cannot be written.
    """
    drawn = audience.draw(seed, count, per_video)
    make_folder(out / "videos")
    for name, made in drawn.videos.items():
        file = out / "videos" / f"{name}.mp4"
        write_video(file, made, track)
        points = saliency_points.of_maps(drawn.maps[name], stored.COUNT)
        stored.write(
            file.with_name(name + SUFFIX), Stored(points, "synthetic", stored.sha256(file))
        )
    numbers = {name: number for number, name in enumerate(drawn.videos)}
    for trace in drawn.traces:
        recordings.write_quest(out / "quest" / trace.viewer / trace.video, trace)
        wu = out / "wu/Experiment_1" / trace.viewer
        recordings.write_wu(wu / f"video_{numbers[trace.video]}.csv", trace)
        make_folder(out / "plain" / trace.viewer)
        recordings.write_plain(out / "plain" / trace.viewer / f"{trace.video}.csv", trace)
    first = next(iter(drawn.videos))
    write_broken(out / "broken", out / "videos" / f"{first}.mp4", drawn.traces[0])


def write_video(file: Path, made: Video, track: Track = silently, length_s: float = 30.0) -> None:
    """Write an equirectangular video of the blobs, on a dim world with a horizon.

    Raises:
        InputError: it cannot be written.
    """
    count = round(length_s * FRAME_RATE)
    time_ns = np.arange(count) * NANOSECONDS // FRAME_RATE
    info = VideoInfo(file, WIDTH, HEIGHT, Fraction(FRAME_RATE), time_ns, 0, False)
    places = sphere.pixel_directions(HEIGHT // 4, WIDTH // 4).astype(np.float32)
    with VideoWriter(file, info, WIDTH, HEIGHT, 20, "veryfast") as writer:
        for time in track(time_ns, count, file.name):
            writer.write(_frame(made, float(time) / NANOSECONDS, places), int(time))


def write_broken(folder: Path, video: Path, trace: HeadTrace) -> None:
    """Write a video that is cut off, and a recording with each fault that is refused or told of."""
    with replacing_together(folder) as part:
        (part / "cut_off.mp4").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
        recordings.write_plain(part / "whole.csv", trace)
        rows = np.loadtxt(part / "whole.csv", delimiter=",", skiprows=1)
        for name, spoil in FAULTS.items():
            np.savetxt(
                part / f"{name}.csv",
                spoil(rows.copy()),
                *("%.9g", ","),
                header="t_s,yaw_deg,pitch_deg",
                comments="",
            )
        (part / "no_columns.csv").write_text("a,b,c\n1,2,3\n2,3,4\n")
        (part / "whole.csv").unlink()


def _stuck(rows: np.ndarray) -> np.ndarray:
    rows[400:900, 0] = rows[400, 0]
    return rows


def _no_number(rows: np.ndarray) -> np.ndarray:
    rows[100, 1] = np.nan
    return rows


def _too_steep(rows: np.ndarray) -> np.ndarray:
    rows[50, 2] = 95.0
    return rows


def _trembling(rows: np.ndarray) -> np.ndarray:
    rows[::3, 1] += 90.0
    return rows


def _never_played(rows: np.ndarray) -> np.ndarray:
    rows[:, 0] = 0.0
    return rows


FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "no_number": _no_number,
    "too_steep": _too_steep,
    "too_short": lambda rows: rows[:350],
    "stuck": _stuck,
    "trembling": _trembling,
    "never_played": _never_played,
}
"""What is done to the rows t_s, yaw_deg, pitch_deg of a recording, by the file's name."""


def _frame(made: Video, time_s: float, places: np.ndarray) -> UInt8[np.ndarray, "height width 3"]:
    scene = int(made.scene(np.array(time_s)))
    blobs = np.arange(videos.BLOBS)
    centre = made.place(np.full(videos.BLOBS, scene), blobs, np.full(videos.BLOBS, time_s))
    cosine = places @ centre.T.astype(np.float32)
    shape = np.exp((cosine - 1.0) / np.float32(0.1**2)) * made.weight[scene]
    below = (1.0 - places[..., 2:]) / 2.0
    ground = _SKY + below * (_GROUND - _SKY)
    picture = ground + shape.astype(np.float32) @ _COLOURS
    large = cv2.resize(np.clip(picture, 0.0, 255.0), (WIDTH, HEIGHT))
    return np.rint(large).astype(np.uint8)
