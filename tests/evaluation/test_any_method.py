"""Any method is compared beside the smoothers, and where there is no gyro, alone."""

import math

import numpy as np
import pytest

from dvs_jax.clip import load_clip
from dvs_jax.evaluation import compare, of_clip, table
from dvs_jax.methods import Frame, Smoothed
from dvs_jax.warping import grid


class Still:
    """Shows frames as they are, and has no poses."""

    needs = frozenset()
    look_ahead_s = 0.0

    def frames(self, clip, pictures, crop):
        for _ in pictures:
            yield Frame(grid.output_points(4, 4).astype(np.float32))


def test_a_method_has_a_row_of_its_own(walk):
    clip = of_clip(load_clip(walk))
    compared = compare([clip], {"still": Still(), "kept": Smoothed("gaussian")}, crop=0.1)
    assert [row.label for row in compared.methods if row.kind == "method"] == ["still", "kept"]
    still, kept, shaken = (compared.means[label] for label in ("still", "kept", "input"))
    assert still.kept_worst == pytest.approx(1.0)
    assert math.isnan(still.rotation_jitter_deg)
    assert kept.rotation_jitter_deg < 0.5 * shaken.rotation_jitter_deg
    assert kept.uncovered == 0.0 and kept.kept_worst >= 0.8 - 2 / 108
    assert set(compared.clips[0].paths) >= {"kept", "input"} - {"still"}
    assert [*table.render(compared)]


@pytest.mark.slow
def test_without_a_gyro_its_pictures_are_measured(walk, caplog):
    clip = of_clip(load_clip(walk, read_sensors=False))
    compared = compare([clip], {"still": Still()}, crop=0.1, measure=True)
    assert "has no gyro" in caplog.text
    assert set(compared.clips[0].scores) == {"input", "still"}
    still = compared.means["still"]
    assert still.picture_jitter_deg == pytest.approx(
        compared.means["input"].picture_jitter_deg, rel=0.3
    )
    assert math.isnan(compared.means["gaussian"].kept_mean)
    assert [*table.render(compared)]
