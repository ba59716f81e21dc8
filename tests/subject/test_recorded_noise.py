"""The noise of smoothed hips beside that of MediaPipe's own single track, as recorded."""

import numpy as np
import pytest

from dvs_jax.subject import anchor_path
from dvs_jax.subject.anchor import Measured

SIZE = (960, 540)
JUMP = 152
"""Frame in which the single track goes from the man on the roof to the woman."""


def noise_px(hips: np.ndarray) -> np.ndarray:
    third = np.diff(hips, 3, axis=0)
    return np.sqrt(np.nanmean(third**2, axis=0) / 20.0)


@pytest.fixture(scope="module")
def recorded(golden) -> dict[str, np.ndarray]:
    return dict(np.load(golden / "subject/tracks.npz"))


def test_the_single_track_jumps(recorded):
    hips = recorded["garden_single_hips"][..., :2].mean(1) * SIZE
    assert np.nanmax(np.linalg.norm(np.diff(hips[:JUMP], axis=0), axis=1)) < 12
    assert np.linalg.norm(hips[JUMP + 2] - hips[JUMP - 2]) > 250


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_smoothed_hips_are_quieter_even_if_found_anew_in_each_frame(recorded):
    """Of whom both follow before the jump."""
    whose = recorded["garden_standing"][:JUMP]
    points = recorded["garden_landmarks"][np.arange(JUMP), whose][..., :2] * SIZE
    present = whose >= 0
    anew = np.where(present[:, None], points[:, 23:25].mean(1), np.nan)
    torso = np.linalg.norm(points[:, 11:13].mean(1) - points[:, 23:25].mean(1), axis=1)
    measured = Measured(anew, present, float(np.median(torso[present])))
    single = recorded["garden_single_hips"][:JUMP, :, :2].mean(1) * SIZE
    both = present & np.isfinite(single).all(axis=1)
    assert both.sum() > 100
    smooth = anchor_path.smooth(recorded["garden_time_s"][:JUMP], measured).place
    own, theirs, raw = (
        noise_px(np.where(both[:, None], each, np.nan)) for each in (smooth, single, anew)
    )
    assert (raw > 1.0).all() and (theirs > 0.4).all()
    assert (own < 0.5 * theirs).all()
