"""Reads what a recorder on a Quest headset writes: head, eyes and face, a file each, and combined.

The recorder logs the head's pitch positive downwards and the gaze's upwards, and subtracts one from
the other: GazeRelativeH, GazeRelativeV, EyeHeadOffset and AbsoluteGazePitch are never used, but
computed anew.
"""

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax import quaternion
from dvs_jax.errors import InputError
from dvs_jax.sensors.table import Table
from dvs_jax.viewport import sphere
from dvs_jax.viewport.traces import columns, pitch, playback
from dvs_jax.viewport.traces.trace import LONGEST_GAP_S, HeadTrace

KINDS = ("head", "combined", "eye", "face")

_NAME = re.compile(r"(head|combined|eye|face)((?:_.*)?)\.csv", re.IGNORECASE)
_log = logging.getLogger("dvs_jax")

_SESSION = re.compile(r"_(.+)_([^_]+)_\d{8}_\d{6}")


@dataclass(frozen=True)
class _Head:
    """The head's rotation of each row: unit quaternions [row, 4] in Unity's axes."""

    file: Path
    rotation: Float[np.ndarray, "row 4"]
    time_s: Float[np.ndarray, "row"]
    plays: Bool[np.ndarray, "row"]


@dataclass(frozen=True)
class _Eyes:
    """Unity's unit vectors [row, 3], and of which rows they are known."""

    gaze: Float[np.ndarray, "row 3"]
    seen: Bool[np.ndarray, "row"]
    fixating: Bool[np.ndarray, "row"]
    fixation_s: Float[np.ndarray, "row"]


def read(
    file: Path,
    forward: float = sphere.FORWARD,
    pitch_up: bool = False,
    viewer: str | None = None,
    video: str | None = None,
    own_clock: bool = False,
) -> HeadTrace:
    """Read one file of a recording, and those beside it of the same recording.

    The head comes from head.csv, else from combined.csv; eyes from eye.csv, else from combined.csv;
    the face from combined.csv and face.csv.

    Args:
        file: head.csv, combined.csv, eye.csv or face.csv, or
            <kind>_<session>_<video>_<yyyymmdd>_<hhmmss>.csv.
        forward: share of the picture's width at which yaw is 0.
        pitch_up: for a mended recorder, whose HeadPitch and EulerPitch are positive upwards.
        viewer: by default the session, or the folder above the recording's.
        video: by default the one in the file's name, or the recording's folder.
        own_clock: whether Timestamp, from its first row on, is taken for the video's clock, because
            the player's did not run. That is logged as a warning.

    Raises:
        InputError: a file cannot be read, columns are missing, the files do not have the same rows,
            the pitch has another sign than `pitch_up` says, or the trace is refused by a rule for
            all; the message says why.
    """
    tables = tables_of(file)
    head = _head(tables, pitch_up)
    if own_clock:
        head = _by_own_clock(tables, head)
    direction = sphere.from_unity_rotation(head.rotation, forward)
    rows = np.flatnonzero(head.plays)
    if not len(rows):
        raise InputError(f"{head.file}: VideoFrame is -1 throughout: no frame was shown")
    chosen, valid = playback.keep(head.file, head.time_s[rows], direction[rows])
    rows = rows[chosen]
    session, of_video = _names(file)
    return HeadTrace(
        viewer=viewer or session,
        video=video or of_video,
        time_s=head.time_s[rows],
        direction=direction[rows],
        valid=valid,
        **_eye_fields(_eyes(tables), head.rotation, rows, forward),
        face=_face(tables, rows),
    )


def named(file: Path) -> bool:
    """Return whether a file has the name of one that the recorder writes."""
    return _NAME.fullmatch(file.name) is not None


def recording(file: Path) -> tuple[Path, str]:
    """Return what the files of one recording share: their folder, and the end of their names."""
    found = _NAME.fullmatch(file.name)
    return file.parent, found[2] if found else file.name


def _by_own_clock(tables: dict[str, Table], head: _Head) -> _Head:
    """Take the recording's clock for the video's; VideoFrame, which is the player's, says nothing.

    Raises:
        InputError: it does not count seconds.
    """
    table = next(table for table in tables.values() if table.file == head.file)
    time = columns.require(table, "Timestamp")[:, 0]
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    if not 0.0 < step <= LONGEST_GAP_S:
        raise InputError(
            f"{head.file}: its Timestamp moves by {step:g} from row to row, which are no seconds, "
            "so that it cannot be taken for the video's clock"
        )
    _log.warning(
        "%s: its own clock is taken for the video's; where in the video each sample belongs is "
        "not known, so nothing that depends on the video's content can be trusted",
        head.file,
    )
    return replace(head, time_s=time - time[0], plays=np.ones(len(time), bool))


def tables_of(file: Path) -> dict[str, Table]:
    """Return the tables of a recording by kind, all with the same rows.

    Raises:
        InputError: as `read`.
    """
    found = _NAME.fullmatch(file.name)
    if found is None:
        raise InputError(
            f"{file}: not named head, combined, eye or face, with _<session>_<video>_<date>_<time> "
            "or without; rename it, or give a plain table t_s,yaw_deg,pitch_deg"
        )
    beside = {
        match[1].lower(): each
        for each in sorted(file.parent.glob("*.csv"))
        if (match := _NAME.fullmatch(each.name)) and match[2] == found[2]
    }
    tables = {kind: columns.read(beside[kind]) for kind in KINDS if kind in beside}
    if not tables:
        raise InputError(f"{file}: there is no such file")
    first = next(iter(tables.values()))
    for table in tables.values():
        if len(table.line) != len(first.line):
            raise InputError(
                f"{table.file}: {len(table.line)} rows where {first.file.name} has "
                f"{len(first.line)}; give the files of one recording, all complete"
            )
        time, other = (columns.require(each, "PlaybackTime")[:, 0] for each in (table, first))
        if not np.allclose(time, other, atol=1e-3):
            raise InputError(
                f"{table.file}: its PlaybackTime is not that of {first.file.name}; give the files "
                "of one recording"
            )
    return tables


def _names(file: Path) -> tuple[str, str]:
    """Viewer and video."""
    told = _NAME.fullmatch(file.name)
    named = _SESSION.fullmatch(told[2]) if told else None
    if named:
        return named[1], named[2]
    folder = file.absolute().parent
    return folder.parent.name, folder.name


def _head(tables: dict[str, Table], pitch_up: bool) -> _Head:
    table = tables.get("head", tables.get("combined"))
    if table is None:
        raise InputError(
            f"{next(iter(tables.values())).file}: there is no head.csv and no combined.csv beside "
            "it, which tell where the head pointed"
        )
    if "head" in tables:
        rotation = columns.rotations(table)
        pitch.require_sign(rotation, _logged_pitches(tables), pitch_up)
    else:
        yaw, down, roll = _head_angles(table)
        eyes = _eyes(tables)
        if eyes is not None:
            up = np.degrees(np.arcsin(np.clip(eyes.gaze[:, 1], -1.0, 1.0)))
            pitch.require_sign_beside_gaze(table.file, down[eyes.seen], up[eyes.seen], pitch_up)
        angles = (yaw, -down if pitch_up else down, roll)
        rotation = sphere.unity_rotation(*map(np.radians, angles))
    return _Head(
        table.file,
        rotation,
        columns.require(table, "PlaybackTime")[:, 0],
        columns.optional(table, "VideoFrame", 0.0) != -1.0,
    )


def _head_angles(table: Table) -> Float[np.ndarray, "angle row"]:
    """Yaw, pitch as logged and roll in degrees, [3, row]."""
    yaw, down = columns.require(table, "HeadYaw", "HeadPitch").T
    return np.stack([yaw, pitch.wrapped(down), columns.optional(table, "HeadRoll", 0.0)])


def _logged_pitches(tables: dict[str, Table]) -> list[tuple[Path, Float[np.ndarray, "row"]]]:
    logged = {"head": "EulerPitch", "combined": "HeadPitch"}
    return [
        (table.file, pitch.wrapped(columns.require(table, logged[kind])[:, 0]))
        for kind, table in tables.items()
        if kind in logged and columns.has(table, logged[kind])
    ]


def _eyes(tables: dict[str, Table]) -> _Eyes | None:
    if "eye" in tables:
        table = tables["eye"]
        gaze = columns.require(table, "GazeDir.x", "GazeDir.y", "GazeDir.z")
        seen = columns.require(table, "BothEyesValid")[:, 0] != 0.0
        length = np.linalg.norm(gaze, axis=-1)
        seen &= length > 0.5
        fixating = columns.require(table, "IsFixating")[:, 0] != 0.0
        fixation_s = columns.require(table, "FixationDurationMs")[:, 0] / 1000.0
        unit = sphere.normalize(gaze)
    elif "combined" in tables and columns.has(tables["combined"], "GazeYaw", "GazePitch"):
        table = tables["combined"]
        yaw, up = np.radians(columns.require(table, "GazeYaw", "GazePitch")).T
        unit = np.stack([np.sin(yaw) * np.cos(up), np.sin(up), np.cos(yaw) * np.cos(up)], axis=-1)
        relative = columns.optional(table, "GazeRelativeH", 0.0)
        seen = (yaw != 0.0) | (up != 0.0) | (relative != 0.0)
        fixating, fixation_s = np.zeros(len(seen), bool), np.zeros(len(seen))
    else:
        return None
    return _Eyes(unit, seen, fixating & seen, np.where(seen, fixation_s, 0.0))


def _eye_fields(
    eyes: _Eyes | None,
    rotation: Float[np.ndarray, "row 4"],
    rows: np.ndarray,
    forward: float,
) -> dict[str, np.ndarray]:
    """The eyes' fields of the trace; where they were not seen, they look where the head does."""
    if eyes is None:
        return {}
    head, seen = rotation[rows], eyes.seen[rows]
    ahead = np.broadcast_to([0.0, 0.0, 1.0], (len(rows), 3))
    in_head = quaternion.rotate(quaternion.conjugate(head), eyes.gaze[rows])
    in_head = np.where(seen[:, None], in_head, ahead)
    right = np.arctan2(in_head[:, 0], in_head[:, 2])
    above = np.arcsin(np.clip(in_head[:, 1], -1.0, 1.0))
    offset = np.where(seen, sphere.distance(in_head, ahead), 0.0)
    return {
        "gaze": sphere.from_unity(quaternion.rotate(head, in_head), forward),
        "eye_in_head_deg": np.degrees(np.stack([right, above, offset], axis=-1)),
        "fixating": eyes.fixating[rows],
        "fixation_s": eyes.fixation_s[rows],
    }


def _face(tables: dict[str, Table], rows: np.ndarray) -> Float[np.ndarray, "row 5"] | None:
    """What `trace.FACE` names, of combined.csv; the outer brows are in face.csv alone."""
    table = tables.get("combined")
    if table is None or not columns.has(table, "FaceIsValid", "FaceActivity"):
        return None
    activity, brow_l, brow_r, jaw, eye_l, eye_r = columns.require(
        table, "FaceActivity", "BrowDownL", "BrowDownR", "JawOpen", "EyeClosedL", "EyeClosedR"
    ).T
    outer = np.zeros(len(activity))
    sides = ("Outer_Brow_Raiser_L", "Outer_Brow_Raiser_R")
    if "face" in tables and columns.has(tables["face"], *sides):
        outer = columns.require(tables["face"], *sides).mean(axis=-1)
    face = np.stack([activity, (brow_l + brow_r) / 2.0, jaw, (eye_l + eye_r) / 2.0, outer], axis=-1)
    seen = columns.require(table, "FaceIsValid") != 0.0
    return np.where(seen, face, 0.0)[rows]
