"""The metrics of a video, and the table of the input's beside the output's."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import rich.table


def _measured(label: str, unit: str, better: str, digits: int) -> Any:
    return dataclasses.field(
        metadata={"label": label, "unit": unit, "better": better, "digits": digits}
    )


@dataclass(frozen=True)
class Metrics:
    """The metrics of one video against the input; NaN where undefined.

    The first measures look at the pictures as they are watched, 640 px wide, and ask no sensor (see
    `shake`); the input is looked at through the output's crop.

    Attributes:
        frames: number of frames compared.
        residual_shift_px: RMS of the shift √(x² + y²) faster than 2 Hz, in px of pictures 640 wide.
        residual_roll_deg: RMS of the roll faster than 2 Hz, in degrees.
        residual_rotation_deg: RMS of √(θ² + roll²), in degrees, where θ = atan(shift / focal
            length) is the angle by which a camera turns that moves its picture by that shift.
        wobble_px: RMS, over the cells of a 6 × 4 grid, of the motion faster than 2 Hz that a cell
            has beside the picture's shift, roll and zoom: jelly, swimming corners, and the parallax
            of a shaking camera. In px of pictures 640 wide.
        sharpness: variance of the Laplacian of pictures 640 wide, mean over the frames, in squared
            grey levels. It depends on what is filmed.
        picture_rotation_rate_deg_s: mean angle between the camera's poses in consecutive frames,
            told by the pictures as in `residual_rotation_deg`, in degrees/s; includes pans.
        area_kept: area of the input's frame that the output shows, over its whole area; mean over
            the frames.
        flow_difference_px: mean distance between the optical flow of the input and that of the
            output at the same place, in px of the output's own width. It includes the shake that
            was taken out.
        unmatched_frames: frames with no homography from the input to the output. They are left out
            of distortion, field of view and correlation. (The official program uses the last
            homography it found instead.)
        unmatched_motions: consecutive frames with no homography between them. Their motion is
            interpolated between its neighbours' in time.
        distortion_average: smaller over larger magnitude of the eigenvalues of the affine part of
            the homography from input to output, in [0.5, 1] (smaller ones are left out); 1 keeps
            shapes.
        distortion_min: the smallest of these.
        fov_ratio_average: 1 minus the widest gap, as a fraction of width or height, that the input
            warped by the homography leaves at one border of the output; values below 0.5, then the
            five smallest of each axis are left out; the mean of both axes. NaN with five frames or
            fewer.
        fov_ratio_min: the smallest over both axes. A gap is counted at one border only, so a
            central crop to 2·ratio − 1 is needed to remove it.
        output_pixels: width × height of a frame as it is watched. A crop that is scaled back, as
            ours is, does not lower it; sharpness tells what that costs.
        stability_translation: fraction of the energy of the accumulated shift √(M₀₂² + M₁₂²) that
            lies in the lowest five frequencies. NaN below 14 frames, which have no more
            frequencies, and for a video without any motion. It is sensitive to rounding: one grey
            level changed it from 0.91 to 0.84 on 50 frames from a driving car.
        stability_rotation: likewise of atan2(M₀₀, M₁₁), the official "rotation": it compares the
            scales of the two axes and hardly depends on a rotation.
        stability_mean: mean of the two.
        stability_rotation_corrected: likewise of atan2(M₁₀, M₀₀), the rotation in the image plane.
        correlation_average: correlation of the output with the warped input over 6 × 6 tiles, from
            frame 10 on. As in the official program, it is the mean over whole 2 × 2 correlation
            matrices, so it is (1 + r)/2 with r the mean correlation.
        correlation_min: the smallest r of a tile.
        rotation_jitter_deg: see `rotation_jitter`, in degrees.
        angular_jerk_deg_s3: see `angular_jerk`, in degrees/s³.
    """

    frames: int = _measured("Frames", "", "", 0)
    residual_shift_px: float = _measured("Shift above 2 Hz", "px of 640, RMS", "lower", 3)
    residual_roll_deg: float = _measured("Roll above 2 Hz", "deg RMS", "lower", 4)
    residual_rotation_deg: float = _measured("Rotation above 2 Hz", "deg RMS", "lower", 4)
    wobble_px: float = _measured("Wobble above 2 Hz", "px of 640, RMS", "lower", 3)
    sharpness: float = _measured("Sharpness", "variance", "higher", 0)
    picture_rotation_rate_deg_s: float = _measured("Rotation rate", "deg/s", "< 5", 2)
    area_kept: float = _measured("Area kept", "of the input's", "> 0.85", 3)
    flow_difference_px: float = _measured("Flow difference", "px", "< 10", 2)
    unmatched_frames: int = _measured("Unmatched with the input", "frames", "lower", 0)
    unmatched_motions: int = _measured("Unmatched with the next", "frames", "lower", 0)
    distortion_average: float = _measured("Distortion, average", "", "higher", 4)
    distortion_min: float = _measured("Distortion, minimum", "", "higher", 4)
    fov_ratio_average: float = _measured("FOV ratio, average", "", "higher", 4)
    fov_ratio_min: float = _measured("FOV ratio, minimum", "", "higher", 4)
    output_pixels: int = _measured("Output pixels", "px a frame", "higher", 0)
    stability_translation: float = _measured("Stability, translation", "", "higher", 4)
    stability_rotation: float = _measured("Stability, rotation", "", "higher", 4)
    stability_mean: float = _measured("Stability, mean", "", "higher", 4)
    stability_rotation_corrected: float = _measured(
        "Stability, rotation (corrected)", "", "higher", 4
    )
    correlation_average: float = _measured("Correlation, average", "", "higher", 4)
    correlation_min: float = _measured("Correlation, minimum", "", "higher", 4)
    rotation_jitter_deg: float = _measured("Rotation jitter above 2 Hz", "deg RMS", "lower", 3)
    angular_jerk_deg_s3: float = _measured("Angular jerk", "deg/s³ RMS", "lower", 0)


@dataclass(frozen=True)
class MetricsTable:
    """The row of the unstabilised input, taken as its own output, and the row of the output."""

    input: Metrics
    output: Metrics


class Line(NamedTuple):
    """A metric of both rows as text; what is undefined is a dash."""

    label: str
    unit: str
    better: str
    input: str
    output: str


def lines(table: MetricsTable) -> list[Line]:
    """Return the metrics as text, in order."""
    return [_line(entry, table) for entry in dataclasses.fields(Metrics)]


def render(table: MetricsTable) -> rich.table.Table:
    """Return the metrics as a printable table; undefined values are dashes."""
    screen = rich.table.Table("Metric", "Unit", "Better")
    screen.add_column("Input", justify="right")
    screen.add_column("Output", justify="right")
    for line in lines(table):
        screen.add_row(*line)
    return screen


def _line(entry: dataclasses.Field[Any], table: MetricsTable) -> Line:
    shown = entry.metadata
    before, after = (
        _as_text(getattr(row, entry.name), shown["digits"]) for row in (table.input, table.output)
    )
    return Line(shown["label"], shown["unit"], shown["better"], before, after)


def _as_text(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
