"""A clip's poses as data: one JSON file with everything, and a table of the followed person.

Positions are in pixels of the upright picture, x right, y down; times in seconds from the first
frame. What is missing is null in JSON and empty in the table, never a number.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax import bounded_file
from dvs_jax.errors import reading
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.anchor_path import AnchorPath
from dvs_jax.subject.pose import HIPS, NAMES, Poses
from dvs_jax.whole_file import replacing_together

LARGEST_FILE = 2 << 30
"""Bytes of a JSON file: 20 minutes of a few people have some 0.5 GB."""

_PIXEL_DIGITS, _SHARE_DIGITS = 3, 5
_KEYPOINT = ("x", "y", "z", "visibility", "presence", "x_norm", "y_norm")


@dataclass(frozen=True)
class Video:
    """The video that poses are of.

    Attributes:
        file: its name.
        width: of the upright picture, in pixels.
        height: likewise.
        fps: frames a second.
        total_frames: how many frames it has.
        rotation: degrees, counter-clockwise, by which its stored frames are turned to be upright.
        duration_s: seconds.
    """

    file: str
    width: int
    height: int
    fps: float
    total_frames: int
    rotation: int
    duration_s: float


@dataclass(frozen=True, eq=False)
class Keypoints:
    """One person's poses.

    Attributes:
        person: his number, from 1.
        frame: int64 [sighting].
        pose: with a leading axis for the sighting, repaired; `side` is not written and NaN once
            loaded, as is `score` of nobody.
        swapped: [sighting], whether left and right were exchanged; `pose.exchanged` gives back
            what was measured.
    """

    person: int
    frame: Int[np.ndarray, " sighting"]
    pose: Poses
    swapped: Bool[np.ndarray, " sighting"]


@dataclass(frozen=True, eq=False)
class PoseData:
    """Everything that was found in a clip.

    Attributes:
        video: what it is of.
        settings: by which it was made: names to numbers, texts, truth values or None.
        time_s: float64 [frame].
        people: everyone; the likeliest subject first.
        followed: the number of the person who is kept in place.
        anchor: his anchor, smoothed.
        raw: float64 [frame, 2], his anchor as measured, NaN where missing.
        shift: float64 [frame, 2], (dx, dy) in pixels of the transform (see `transform.forward`).
        scale: float64 [frame], of the transform.
        roll_deg: float64 [frame], of the transform, degrees.
    """

    video: Video
    settings: dict[str, Any]
    time_s: Float[np.ndarray, " frame"]
    people: list[Keypoints]
    followed: int
    anchor: AnchorPath
    raw: Float[np.ndarray, "frame 2"]
    shift: Float[np.ndarray, "frame 2"]
    scale: Float[np.ndarray, " frame"]
    roll_deg: Float[np.ndarray, " frame"]


def write(data: PoseData, folder: Path, name: str) -> tuple[Path, Path]:
    """Write `<name>_pose.json` and `<name>_pose.csv`: both whole, or neither.

    Args:
        data: what was found.
        folder: made if missing.
        name: what the files' names begin with.

    Returns:
        The two files.

    Raises:
        InputError: the folder cannot be written to.
    """
    names = f"{name}_pose.json", f"{name}_pose.csv"
    with replacing_together(folder) as unfinished:
        with (unfinished / names[0]).open("w", encoding="utf-8") as file:
            _write_json(data, file)
        with (unfinished / names[1]).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _columns(), restval="")
            writer.writeheader()
            writer.writerows(_rows(data))
    return folder / names[0], folder / names[1]


def _write_json(data: PoseData, file: TextIO) -> None:
    """Write item by item: as one text a long clip's poses would take gigabytes."""
    file.write(f'{{"video_info": {_text(vars(data.video))},\n"settings": {_text(data.settings)},\n')
    file.write(f'"person": {data.followed},\n"landmark_names": {_text(NAMES)}')
    lists = {
        "hip_centers": _hip_centers(data),
        "all_keypoints": _all_keypoints(data),
        "anchors": _anchors(data),
        "transforms": _transforms(data),
    }
    for key, items in lists.items():
        file.write(f',\n"{key}": [')
        for number, item in enumerate(items):
            file.write(("," if number else "") + "\n" + _text(item))
        file.write("]")
    file.write("}\n")


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _number(value: float, digits: int = _PIXEL_DIGITS) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def _moments(data: PoseData) -> Iterator[tuple[int, dict[str, Any]]]:
    for frame, time_s in enumerate(data.time_s):
        yield frame, {"frame": frame, "timestamp": round(float(time_s), 9)}


def _hip_centers(data: PoseData) -> Iterator[dict[str, Any]]:
    person = _followed(data)
    where = {int(frame): index for index, frame in enumerate(person.frame)}
    hips, presence = poses_of.middle(person.pose, HIPS), person.pose.presence[:, list(HIPS)]
    for frame, moment in _moments(data):
        index = where.get(frame)
        x, y = (None, None) if index is None else (_number(each) for each in hips[index])
        confidence = None if index is None else _number(presence[index].min(), _SHARE_DIGITS)
        yield moment | {"x": x, "y": y, "confidence": confidence}


def _followed(data: PoseData) -> Keypoints:
    (person,) = (person for person in data.people if person.person == data.followed)
    return person


def _all_keypoints(data: PoseData) -> Iterator[dict[str, Any]]:
    """Yield everyone's poses, frame by frame; of the followed one also that there is none."""
    where = [{int(frame): at for at, frame in enumerate(each.frame)} for each in data.people]
    for frame, moment in _moments(data):
        for person, found in zip(data.people, where, strict=True):
            index = found.get(frame)
            if index is not None:
                yield moment | _keypoints(person, index, data.video)
            elif person.person == data.followed:
                nothing = {"score": None, "swapped": False, "keypoints": None, "world": None}
                status = data.anchor.status[frame]
                yield moment | {"person": person.person, "status": status} | nothing


def _keypoints(person: Keypoints, index: int, video: Video) -> dict[str, Any]:
    pose = person.pose.at(index)
    digits = (_PIXEL_DIGITS,) * 3 + (_SHARE_DIGITS,) * 4
    share = pose.point[:, :2] / (video.width, video.height)
    told = np.concatenate(
        [pose.point, pose.visibility[:, None], pose.presence[:, None], share], axis=1
    )
    return {
        "person": person.person,
        "status": "measured",
        "score": _number(float(pose.score), _SHARE_DIGITS),
        "swapped": bool(person.swapped[index]),
        "keypoints": [dict(zip(_KEYPOINT, map(_number, row, digits), strict=True)) for row in told],
        "world": [
            {axis: _number(value, _SHARE_DIGITS) for axis, value in zip("xyz", row, strict=True)}
            for row in pose.world
        ],
    }


def _anchors(data: PoseData) -> Iterator[dict[str, Any]]:
    for frame, moment in _moments(data):
        raw, smooth = data.raw[frame], data.anchor.place[frame]
        yield moment | {
            "status": data.anchor.status[frame],
            "raw_x": _number(raw[0]),
            "raw_y": _number(raw[1]),
            "smooth_x": _number(smooth[0]),
            "smooth_y": _number(smooth[1]),
            "weight": _number(data.anchor.weight[frame], _SHARE_DIGITS),
        }


def _transforms(data: PoseData) -> Iterator[dict[str, Any]]:
    for frame, moment in _moments(data):
        yield moment | {
            "dx": _number(data.shift[frame, 0]),
            "dy": _number(data.shift[frame, 1]),
            "scale": _number(data.scale[frame], _SHARE_DIGITS),
            "roll_deg": _number(data.roll_deg[frame], _SHARE_DIGITS),
        }


def _columns() -> list[str]:
    points = [f"{name}_{told}" for name in NAMES for told in ("x_px", "y_px", "visibility")]
    anchor = ["anchor_x_px", "anchor_y_px", "anchor_smooth_x_px", "anchor_smooth_y_px"]
    moves = ["anchor_weight", "dx_px", "dy_px", "scale", "roll_deg"]
    return ["frame", "timestamp_s", "status", *anchor, *moves, *points]


def _rows(data: PoseData) -> Iterator[dict[str, Any]]:
    """Yield the table's rows, one a frame; a None is written as nothing."""
    person = _followed(data)
    where = {int(frame): index for index, frame in enumerate(person.frame)}
    for anchor, move in zip(_anchors(data), _transforms(data), strict=True):
        row = {
            "frame": anchor["frame"],
            "timestamp_s": anchor["timestamp"],
            "status": anchor["status"],
            "anchor_x_px": anchor["raw_x"],
            "anchor_y_px": anchor["raw_y"],
            "anchor_smooth_x_px": anchor["smooth_x"],
            "anchor_smooth_y_px": anchor["smooth_y"],
            "anchor_weight": anchor["weight"],
            "dx_px": move["dx"],
            "dy_px": move["dy"],
            "scale": move["scale"],
            "roll_deg": move["roll_deg"],
        }
        index = where.get(anchor["frame"])
        yield row if index is None else row | _points(person.pose.at(index))


def _points(pose: Poses) -> dict[str, float | None]:
    told = np.concatenate([pose.point[:, :2], pose.visibility[:, None]], axis=1)
    digits = (_PIXEL_DIGITS, _PIXEL_DIGITS, _SHARE_DIGITS)
    return {
        f"{name}_{column}": _number(value, digit)
        for name, row in zip(NAMES, told, strict=True)
        for column, value, digit in zip(("x_px", "y_px", "visibility"), row, digits, strict=True)
    }


def load_poses(file: str | Path) -> PoseData:
    """Load a `<name>_pose.json`.

    Returns:
        What was written, rounded to thousandths of a pixel.

    Raises:
        InputError: the file cannot be read, or is no such file; the message names it.
    """
    file = Path(file)
    content = bounded_file.read_bytes(file, LARGEST_FILE)
    advice = "give a file that dvs_jax wrote as <name>_pose.json"
    with reading(file, "no poses in JSON", advice):
        return _loaded(json.loads(content))


def _loaded(told: dict[str, Any]) -> PoseData:
    anchors, moves = told["anchors"], told["transforms"]
    count = int(told["video_info"]["total_frames"])
    if not count == len(anchors) == len(moves):
        raise ValueError(f"{count} frames, but {len(anchors)} anchors and {len(moves)} transforms")
    people = _loaded_people(told["all_keypoints"])
    if told["person"] not in {person.person for person in people}:
        raise ValueError(f"person {told['person']} is followed, but has no keypoints")
    path = AnchorPath(
        _table(anchors, ("smooth_x", "smooth_y")),
        _table(anchors, ("weight",))[:, 0],
        [str(anchor["status"]) for anchor in anchors],  # type: ignore[misc]
    )
    return PoseData(
        video=Video(**told["video_info"]),
        settings=dict(told["settings"]),
        time_s=_table(anchors, ("timestamp",))[:, 0],
        people=people,
        followed=int(told["person"]),
        anchor=path,
        raw=_table(anchors, ("raw_x", "raw_y")),
        shift=_table(moves, ("dx", "dy")),
        scale=_table(moves, ("scale",))[:, 0],
        roll_deg=_table(moves, ("roll_deg",))[:, 0],
    )


def _table(rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> np.ndarray:
    values = [[row[column] for column in columns] for row in rows]
    return np.array(values, np.float64).reshape(-1, len(columns))


def _loaded_people(rows: list[dict[str, Any]]) -> list[Keypoints]:
    numbers = sorted({int(row["person"]) for row in rows})
    sightings = {number: [] for number in numbers}  # type: dict[int, list[dict[str, Any]]]
    for row in rows:
        if row["keypoints"] is not None:
            sightings[int(row["person"])].append(row)
    return [_loaded_person(number, seen) for number, seen in sightings.items()]


def _loaded_person(number: int, rows: list[dict[str, Any]]) -> Keypoints:
    told = np.stack([_table(row["keypoints"], _KEYPOINT) for row in rows])
    pose = Poses(
        point=told[..., :3],
        visibility=told[..., 3],
        presence=told[..., 4],
        world=np.stack([_table(row["world"], ("x", "y", "z")) for row in rows]),
        score=_table(rows, ("score",))[:, 0],
        side=np.full(len(rows), np.nan),
    )
    if told.shape[1] != len(NAMES):
        raise ValueError(f"{told.shape[1]} keypoints instead of {len(NAMES)}")
    frame, swapped = (np.array([row[key] for row in rows]) for key in ("frame", "swapped"))
    return Keypoints(number, frame.astype(np.int64), pose, swapped.astype(bool))
