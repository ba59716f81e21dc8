"""What a run made."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dvs_jax.metrics import MetricsTable


@dataclass(frozen=True)
class Report:
    """What a run made.

    Attributes:
        trajectory: the virtual path as a text file, a row `t_ns q_x q_y q_z q_w` a frame; None of a
            method that follows no camera path.
        plot: the picture of the real and the virtual path; None likewise.
        uncropped: the video at its full field of view, or None if it was not wanted.
        cropped: the video cropped to what the frames cover, scaled back to its size; where only
            the one of both sides was to be kept, that.
        kept: fraction of the width and of the height that the crop keeps; where it varies, the
            smallest of all frames.
        explained: fraction of the pictures' motion that the gyro explains (see `agreement`); NaN
            where there is too little motion, and without a gyro.
        metrics_file: the measures as JSON, or None if they were not wanted.
        metrics: the measures of the input and of the output, or None.
        side_by_side: the video of input and cropped result, or None if it was not wanted.
    """

    trajectory: Path | None
    plot: Path | None
    uncropped: Path | None
    cropped: Path
    kept: float
    explained: float
    metrics_file: Path | None = None
    metrics: MetricsTable | None = None
    side_by_side: Path | None = None

    def moved(self, folder: Path) -> "Report":
        """Return the report of the same files in another folder."""
        files = {name: each for name, each in vars(self).items() if isinstance(each, Path)}
        moved: dict[str, Any] = {name: folder / each.name for name, each in files.items()}
        return replace(self, **moved)
