"""What a run made."""

from dataclasses import dataclass
from pathlib import Path

from dvs_jax.clip import SUBJECT_RESULTS
from dvs_jax.subject.export import PoseData
from dvs_jax.subject.measures import Measures
from dvs_jax.subject.planning import Everyone

VIDEO, COMPARED, SKELETON, MASK = (f"{end}.mp4" for end in SUBJECT_RESULTS)
POSE_JSON, POSE_CSV = "_pose.json", "_pose.csv"
MEASURES, PLOT = "_subject_metrics.json", "_subject.jpg"
"""Ends of the files' names."""


@dataclass(frozen=True, eq=False)
class Report:
    """What a run made.

    Attributes:
        video: the stabilised video.
        compared: the input beside it, or None if that was not wanted.
        skeleton: the input with everyone's points, or None likewise.
        mask: the person's masks, or None likewise.
        pose_json: see `export.write`.
        pose_csv: likewise.
        plot: the picture of the anchor, of what is left, and of the people.
        measures_file: the measures as JSON.
        measures: of input and output.
        everyone: the people.
        poses: what the JSON file holds.
        cuts: frames that begin a new shot.
    """

    video: Path
    compared: Path | None
    skeleton: Path | None
    mask: Path | None
    pose_json: Path
    pose_csv: Path
    plot: Path
    measures_file: Path
    measures: Measures
    everyone: Everyone
    poses: PoseData
    cuts: frozenset[int]
