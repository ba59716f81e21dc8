"""Any method is compared beside the smoothers, and where there is no gyro, alone."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation import compare, film, methods, of_clip, rendering, table
from dvs_jax.methods import Frame, Smoothed
from dvs_jax.progress import silently
from dvs_jax.warping import grid
from dvs_jax.whole_file import scratch

LABELS = "method still", "method kept", "input"

STEADIED = "pictures alone, 1 s ahead"
CLASSICAL = "affine maps, Gaussian"


class Still:
    """Shows frames as they are, and has no poses."""

    needs = frozenset()
    look_ahead_s = 0.0

    def frames(self, clip, pictures, crop):
        for _ in pictures:
            yield Frame(grid.output_points(4, 4).astype(np.float32))


@pytest.mark.slow
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


@pytest.mark.parametrize("installed", [True, False])
def test_vidstab_has_its_rows_where_it_is_installed(tmp_path, monkeypatch, installed):
    monkeypatch.setattr(methods, "has_vidstab", lambda: installed)
    rows = [row.label for row in methods.by_pictures(tmp_path)]
    ours = [STEADIED, CLASSICAL]
    theirs = ["vidstab, 10 frames ahead", "vidstab, 30 frames ahead"]
    assert sorted(rows) == sorted(ours + theirs if installed else ours)


@pytest.mark.slow
def test_without_a_gyro_its_pictures_are_measured(walk, monkeypatch):
    monkeypatch.setattr(methods, "has_vidstab", lambda: False)
    clip = of_clip(load_clip(walk, read_sensors=False))
    compared = compare([clip], {"still": Still()}, crop=0.1, measure=True)
    assert set(compared.clips[0].scores) == {"input", "method still", STEADIED, CLASSICAL}
    labels = ("input", "method still", STEADIED, CLASSICAL)
    shaken, still, steadied, classical = (compared.means[label] for label in labels)
    for name in ("residual_shift_px", "residual_roll_deg", "residual_rotation_deg", "sharpness"):
        assert getattr(still, name) == pytest.approx(getattr(shaken, name), rel=0.1), name
    assert steadied.residual_shift_px < 0.5 * shaken.residual_shift_px
    assert steadied.residual_shift_px < classical.residual_shift_px < shaken.residual_shift_px
    assert (shaken.area_kept, still.area_kept) == (1.0, pytest.approx(0.64, abs=0.05))
    # The crop is drawn from whole pixels of the input, and looked at in it.
    assert still.flow_difference_px < 0.2 < steadied.flow_difference_px
    assert math.isnan(compared.means["gaussian"].kept_mean)
    labels = [list(each.columns[0].cells) for each in table.render(compared)]
    assert labels == [["input", STEADIED, CLASSICAL, "method still"]] * 4


@pytest.mark.slow
def test_another_programs_video_is_measured_as_it_lies_there(walk, monkeypatch):
    """The program's place is taken by one that hands the video back as it was."""
    encoded = []

    def hand_back(clip, folder, encoding, detection, transformation):
        encoded.append((detection, transformation))
        return Path(shutil.copy(clip.video.path, folder / "made.mp4"))

    monkeypatch.setattr(film, "run_vidstab", hand_back)
    footage = of_clip(load_clip(walk, read_sensors=False))
    with scratch() as folder:
        made, other = (film.by_vidstab(folder, each, footage, crop=0.1) for each in (30, 10))
        assert made.file != other.file
        before, (after,) = rendering.measure(
            footage.clip, [], 0.1, silently, [made.pictures(footage)]
        )
    assert encoded == [
        ("shakiness=8:accuracy=15", f"smoothing={n}:optzoom=0:zoom=25.0000:interpol=bicubic")
        for n in (30, 10)
    ]
    assert after.frames == before.frames == 30
    assert after.area_kept == pytest.approx(1.0, abs=0.01)
    # The whole frame is watched 640 wide, of the input what the crop shows.
    assert after.residual_shift_px == pytest.approx(0.8 * before.residual_shift_px, rel=0.15)


@pytest.mark.slow
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
