"""Any method is compared beside the smoothers, and where there is no gyro, alone."""

import math

import numpy as np
import pytest

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation import compare, of_clip, table
from dvs_jax.methods import Frame, Smoothed
from dvs_jax.warping import grid

LABELS = "method still", "method kept", "input"


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
    assert [row.label for row in compared.methods if row.kind == "method"] == [
        "method still",
        "method kept",
    ]
    still, kept, shaken = (compared.means[label] for label in LABELS)
    assert still.kept_worst == pytest.approx(1.0)
    assert math.isnan(still.rotation_jitter_deg)
    assert kept.rotation_jitter_deg < 0.5 * shaken.rotation_jitter_deg
    assert kept.uncovered == 0.0 and kept.kept_worst >= 0.8 - 2 / 108
    assert set(compared.clips[0].paths) >= {"method kept", "input"}
    assert [*table.render(compared)]


@pytest.mark.slow
def test_without_a_gyro_its_pictures_are_measured(walk):
    clip = of_clip(load_clip(walk, read_sensors=False))
    compared = compare([clip], {"still": Still()}, crop=0.1, measure=True)
    assert set(compared.clips[0].scores) == {"input", "method still"}
    still = compared.means["method still"]
    assert still.picture_jitter_deg == pytest.approx(
        compared.means["input"].picture_jitter_deg, rel=0.3
    )
    assert math.isnan(compared.means["gaussian"].kept_mean)
    assert [*table.render(compared)]


def test_a_method_that_lacks_something_leaves_the_others(walk, caplog):
    class NeedsFlow(Still):
        needs = frozenset({"flow"})

    compared = compare([of_clip(load_clip(walk))], {"flow": NeedsFlow(), "still": Still()}, 0.1)
    assert "method flow is left out" in caplog.text
    assert {"gaussian", "method still"} <= set(compared.clips[0].scores)
    assert math.isnan(compared.means["method flow"].kept_mean)


def test_a_clip_without_a_gyro_is_left_out_where_all_need_one(walk):
    with pytest.raises(InputError, match=r"no clip can be evaluated: .*has no gyro"):
        compare([of_clip(load_clip(walk, read_sensors=False))], {}, crop=0.1)


def test_what_leaves_the_crop_is_judged_as_it_is_drawn(walk):
    class Aside(Still):
        def frames(self, clip, pictures, crop):
            for frame in super().frames(clip, pictures, crop):
                yield Frame(frame.source + np.float32(0.3))

    compared = compare([of_clip(load_clip(walk))], {"aside": Aside()}, crop=0.1)
    assert compared.means["method aside"].kept_worst >= 0.8 - 2 / 108
