"""The weights that the package ships, on clips and a phone's gyro they were not trained on.

At equal crop and equal look-ahead they are to beat every classical smoother.
"""

import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from data.synthetic_clips.synthetic_clips import CONFIGS, clip_of, record_of
from dvs_jax import evaluation, pretrained
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.evaluation.comparison import Comparison
from dvs_jax.fused.record import record_of_gyro
from dvs_jax.fused.weights import DEFAULT_MODEL, load_model
from dvs_jax.stabilization.models import load_model as load_method
from dvs_jax.viewport import load_model as load_of_viewers

SHIPPED = ("fused", "gyro_only")
"""Those that go by the gyro."""
BY_PICTURES = ("stabgan", "stabnet")
OF_VIEWERS = ("viewport",)
MEGABYTE = 2**20
CLIPS = 12
PIECE = 412 * 12
"""Gyro samples of the phone's log in twelve seconds."""


def test_what_is_shipped():
    assert sorted(evaluation.shipped()) == sorted(SHIPPED)
    assert sorted(evaluation.shipped_by_pictures()) == sorted(BY_PICTURES)
    assert DEFAULT_MODEL in SHIPPED
    files = [file for file in pretrained.SHIPPED_FOLDER.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 20 * MEGABYTE


@pytest.mark.parametrize("name", SHIPPED + BY_PICTURES + OF_VIEWERS)
def test_each_model_has_a_card_and_names_no_machines_folder(name):
    folder = pretrained.SHIPPED_FOLDER / name
    card = (folder / "MODEL_CARD.md").read_text()
    for part in ("Data", "Recipe", "Seed", "Numbers", "dvs-jax train --config configs/"):
        assert part in card
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if b"/runs/" in file.read_bytes()]


@pytest.mark.parametrize("name", SHIPPED + BY_PICTURES + OF_VIEWERS)
def test_a_changed_bit_is_told(name, tmp_path, caplog):
    load_any = load_of_viewers if name in OF_VIEWERS else load_method
    with caplog.at_level("INFO", "dvs_jax"):
        load_any(name)
    assert caplog.messages == []
    folder = shutil.copytree(pretrained.SHIPPED_FOLDER / name, tmp_path / name)
    data = max(folder.rglob("d/*"), key=lambda file: file.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2 // 4 * 4 + 3] ^= 64
    data.write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: damaged checkpoint: "):
        load_any(folder)


def test_what_predicts_viewers_stabilises_nothing():
    with pytest.raises(InputError, match="stabilises nothing; use dvs-jax viewport predict"):
        load_method("viewport")
    files = [file for file in (pretrained.SHIPPED_FOLDER / "viewport").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < MEGABYTE


def held_out(config: str) -> list[evaluation.Footage]:
    chosen = next(each for each in CONFIGS if each.name == config)
    clips = (clip_of(chosen, 0, "test", index) for index in range(CLIPS))
    records = (record_of(clip, str(clip.seed), chosen.flow_size) for clip in clips)
    return [evaluation.of_record(record) for record in records]


def of_phone(folder: Path) -> list[evaluation.Footage]:
    rows = np.loadtxt(folder / "phone_drive" / "gyro.txt", delimiter=",")
    camera = Camera(focal_length=(573.85 / 800, 575.04 / 800))
    time_ns = np.rint(rows[:, 3] * 1e9).astype(np.int64)
    starts = range(0, len(rows) - PIECE, PIECE)
    return [
        evaluation.of_record(
            record_of_gyro(
                f"phone {start}",
                time_ns[start : start + PIECE],
                rows[start : start + PIECE, :3],
                camera,
                (800, 600),
                30.0,
            )
        )
        for start in starts
    ]


def assert_beats_classical_smoothers(found: Comparison, model: str) -> None:
    """Both tuned to the crop, and both at their best strength with a limit to the frame."""
    means = found.means
    pairs = {"smoother": f"model {model}", "within frame": f"model {model}, within frame"}
    for method in found.methods:
        if method.kind in pairs:
            ours, theirs = means[pairs[method.kind]], means[method.label]
            assert ours.rotation_jitter_deg < theirs.rotation_jitter_deg, method.label
            assert ours.angular_jerk_deg_s3 < theirs.angular_jerk_deg_s3, method.label
            assert ours.uncovered <= theirs.uncovered, method.label


def assert_beats_smoothers_that_see_the_whole_clip(found: Comparison, model: str) -> None:
    ours = found.means[f"model {model}, whole clip"]
    for method in found.methods:
        if method.kind == "whole clip" and not method.label.startswith("model"):
            theirs = found.means[method.label]
            assert ours.rotation_jitter_deg < theirs.rotation_jitter_deg, method.label
            assert ours.angular_jerk_deg_s3 < theirs.angular_jerk_deg_s3, method.label
            assert ours.uncovered <= theirs.uncovered, method.label


@pytest.mark.slow
def test_gyro_only_beats_the_smoothers_on_held_out_clips():
    found = evaluation.compare(held_out("poses"), {"gyro_only": load_model("gyro_only")})
    assert_beats_classical_smoothers(found, "gyro_only")
    assert_beats_smoothers_that_see_the_whole_clip(found, "gyro_only")


@pytest.mark.slow
def test_fused_beats_the_smoothers_and_flow_pays_where_the_sensors_err():
    models = {name: load_model(name) for name in SHIPPED}
    found = evaluation.compare(held_out("small"), models)
    assert_beats_classical_smoothers(found, "fused")
    # Every other clip has sensors without fault; there the gyro is to be believed.
    clean, faulty = (_jitter(found, clips) for clips in (slice(0, None, 2), slice(1, None, 2)))
    assert clean["model fused"] < 1.05 * clean["model gyro_only"]
    assert faulty["model fused"] < 0.7 * faulty["model gyro_only"]


def _jitter(found: Comparison, clips: slice) -> dict[str, float]:
    """Return each method's mean jitter over some of the clips, in degrees."""
    scores = [each.scores for each in found.clips[clips]]
    return {
        label: float(np.mean([each[label].rotation_jitter_deg for each in scores]))
        for label in scores[0]
    }


def test_fused_has_the_core_of_gyro_only():
    """Where flow tells nothing new, both stabilise alike."""
    fused, alone = (nnx.to_pure_dict(nnx.state(load_model(name).core)) for name in SHIPPED)
    del fused["fusion"]
    jax.tree.map(np.testing.assert_array_equal, fused, alone)


@pytest.mark.slow
def test_gyro_only_beats_the_smoothers_on_a_phones_gyro(recordings):
    found = evaluation.compare(of_phone(recordings), {"gyro_only": load_model("gyro_only")})
    assert_beats_classical_smoothers(found, "gyro_only")
