"""What is left of the shake where sensors err, against the truth of rendered clips."""

import json
import math
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from flax import nnx

from dvs_jax import cli, flow, metrics, smoothing
from dvs_jax.benchmarks import faults as fault_benchmark
from dvs_jax.benchmarks.faults import FAULTS, Comparison, Result, film
from dvs_jax.benchmarks.faults import report as fault_report
from dvs_jax.benchmarks.faults.film import Film, Take
from dvs_jax.benchmarks.faults.report import report_of
from dvs_jax.benchmarks.faults.residual_motion import picture_path
from dvs_jax.benchmarks.report import write
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation import rendering
from dvs_jax.fused import weights
from dvs_jax.fused.architecture import Architecture, FullyConnected
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.synthetic.clip import seconds_since_start
from dvs_jax.synthetic.motion import make_motion

KEPT = 0.79


def handheld(duration_s: float, **others) -> SyntheticClip:
    return SyntheticClip("handheld", "distant", duration_s, (320, 180), seed=7, **others)


def film_of(clip: SyntheticClip) -> Film:
    return Film(clip, flow.create("dis"))


@pytest.fixture(scope="module")
def fixed_lens() -> Film:
    return film_of(handheld(2.0, ois=False))


@pytest.fixture(scope="module")
def moving_lens() -> Film:
    return film_of(handheld(2.0, ois=True))


def take(source: Film, **faults) -> Take:
    return film.take(source, "spoiled", replace(source.clip, **faults))


def held_still(each: Take) -> CameraPath:
    real = each.footage.real
    middle = real.quaternion[len(real) // 2]
    return CameraPath(real.time_ns, np.tile(middle, (len(real), 1)))


def left_in_pictures(each: Take, virtual: CameraPath) -> CameraPath:
    lens = rendering.cropped(each.log.camera, KEPT)
    return picture_path(film.draw(each, virtual, KEPT), virtual.time_ns, lens)


def fast_rate_deg_s(clip: SyntheticClip, time_ns: np.ndarray) -> float:
    """The RMS of the angular velocity of all that is faster than 2 Hz, by its formula."""
    waves = make_motion(clip).angles
    omega = 2 * np.pi * waves.frequency_hz
    size = np.where(waves.frequency_hz > metrics.JITTER_ABOVE_HZ, omega * waves.amplitude, 0.0)
    time_s = seconds_since_start(time_ns)[:, None, None]
    rate = (size * np.cos(omega * time_s + waves.phase)).sum(axis=1)
    return math.degrees(math.sqrt((rate**2).sum(axis=1).mean()))


@pytest.mark.slow
@pytest.mark.parametrize("lens", ["fixed_lens", "moving_lens"])
def test_by_the_true_path_nothing_is_left(lens, request):
    right = take(request.getfixturevalue(lens))
    still = held_still(right)
    assert (
        metrics.rotation_jitter(right.footage.seen(still)) < 5e-4
    )  # the gyro's path is straight between samples
    assert metrics.rotation_jitter(left_in_pictures(right, still)) < 0.008


@pytest.mark.slow
@pytest.mark.parametrize(("lens", "least"), [("fixed_lens", 0.3), ("moving_lens", 0.15)])
def test_the_input_moves_in_its_pictures_as_the_truth_says(lens, least, request):
    source = request.getfixturevalue(lens)
    shown = take(source).shown
    assert metrics.rotation_jitter(shown) > least
    assert source.picture_jitter_deg == pytest.approx(metrics.rotation_jitter(shown), rel=0.03)


FAULTY = {
    "late": ("fixed_lens", {"clock_offset_s": 0.015}),
    "hidden lens": ("moving_lens", {"ois_log": False}),
    "both": ("moving_lens", {"ois_log": False, "clock_offset_s": 0.010}),
}


@pytest.mark.parametrize(("lens", "faults"), FAULTY.values(), ids=FAULTY)
def test_what_wrong_logs_leave_is_seen_in_the_pictures(lens, faults, request):
    wrong = take(request.getfixturevalue(lens), **faults)
    still = held_still(wrong)
    exact = metrics.rotation_jitter(wrong.footage.seen(still))
    assert exact > 0.1
    seen = metrics.rotation_jitter(left_in_pictures(wrong, still))
    assert seen == pytest.approx(exact, rel=0.05)


def test_a_late_clock_leaves_its_lateness_times_the_angular_velocity():
    clip = handheld(6.0, ois=False)
    left = []
    for offset_s in (0.0, 0.005, 0.010):
        late = film.take(film_of(clip), "late", replace(clip, clock_offset_s=offset_s))
        path = smoothing.smooth("gaussian", late.footage.real, 0.5)
        left.append(metrics.rotation_jitter(late.footage.seen(path)))
    rate = fast_rate_deg_s(clip, late.footage.real.time_ns)
    assert rate > 10.0
    assert left[0] < 0.001

    assert left[1] == pytest.approx(0.005 * rate, rel=0.07)
    assert left[2] == pytest.approx(0.010 * rate, rel=0.07)


def test_a_bias_leaves_nothing_fast(fixed_lens):
    biased = take(fixed_lens, gyro_bias=(math.radians(1.0),) * 3)
    still = held_still(biased)
    assert metrics.rotation_jitter(biased.footage.seen(still)) < 1e-3


def test_turns_that_cannot_be_seen_are_bridged(fixed_lens):
    frames = [*fixed_lens.frames]
    frames[20] = np.zeros_like(frames[20])
    time_ns = take(fixed_lens).footage.real.time_ns
    whole, bridged = (picture_path(each, time_ns, Camera()) for each in (fixed_lens.frames, frames))
    assert np.isfinite(bridged.quaternion).all()
    assert (bridged.quaternion[:20] == whole.quaternion[:20]).all()
    assert np.abs(bridged.quaternion - whole.quaternion).max() < 0.01


def test_unseen_pictures_have_no_path(fixed_lens):
    black = [np.zeros((90, 160, 3), np.uint8)] * 3
    time_ns = take(fixed_lens).footage.real.time_ns[:3]
    assert np.isnan(picture_path(black, time_ns, Camera()).quaternion[1:]).all()


def test_faults_are_those_that_were_asked_for():
    late = [each["clock_offset_s"] for each in FAULTS.values() if [*each] == ["clock_offset_s"]]
    biased = [each["gyro_bias"] for each in FAULTS.values() if [*each] == ["gyro_bias"]]
    assert late == [0.005, 0.010, 0.015, 0.020, 0.030]
    assert np.degrees(biased) == pytest.approx(np.array([[0.25] * 3, [0.5] * 3, [1.0] * 3]))
    clips = fault_benchmark.clips(5)
    assert len({(each.motion, each.scene) for each in clips}) == 4
    assert [each.seed for each in clips] == [1, 2, 3, 4, 5]
    for fault in FAULTS.values():
        replace(clips[0], **fault)


def network(flow: bool) -> FusedNetwork:
    layers = {"lstm": (4,), "fully_connected": (FullyConnected(4),)}
    made = FusedNetwork(
        Architecture(flow=flow, turn_unit=0.02, flow_size=(64, 36), **layers), nnx.Rngs(0)
    )
    made.eval()
    return made


@pytest.fixture
def found() -> Comparison:
    results = {
        "input": (Result(0.5, 0.4), Result(0.7, 0.6)),
        "gaussian": (Result(0.2, 0.1), Result(0.4, 0.3)),
        "model a": (Result(0.1, 0.05), Result(0.2, 0.1)),
        "model b": (Result(0.3, 0.2), Result(0.1, math.nan)),
    }
    clips = (handheld(2.0), handheld(3.0))
    return Comparison(clips, ("model a", "model b"), {"none": results})


def test_a_comparison_tells_means_and_their_ratio(found):
    assert found.methods == ("input", "gaussian", "model a", "model b")
    assert asdict(found.mean("none", "gaussian")) == pytest.approx(
        {"picture_jitter_deg": 0.3, "exact_jitter_deg": 0.2}
    )
    ratio = found.ratio("none")
    assert ratio is not None
    assert ratio.picture_jitter_deg == pytest.approx(0.75)
    assert math.isnan(ratio.exact_jitter_deg)
    assert replace(found, models=("model a",)).ratio("none") is None


def test_the_report_shows_means_and_their_ratio(found):
    pictures, exact = report_of(found).tables
    names = [column.name for column in pictures.columns]
    assert names == ["Fault", "input", "gaussian", "a", "b", "ratio"]
    assert pictures.caption == "ratio: a / b"
    assert pictures.rows == (("none", *map(pytest.approx, (0.6, 0.3, 0.15, 0.2, 0.75))),)
    assert exact.values("gaussian") == [pytest.approx(0.2)]
    (alone, _) = report_of(replace(found, models=("model a",))).tables
    assert [column.name for column in alone.columns] == names[:4]


def test_numbers_are_written_as_json(found, tmp_path: Path):
    write(report_of(found), tmp_path / "faults.json")
    written = json.loads((tmp_path / "faults.json").read_text())
    pictures, exact = (table["rows"] for table in written["tables"])
    assert pictures == [
        {"Fault": "none"}
        | {
            name: pytest.approx(value)
            for name, value in (("input", 0.6), ("gaussian", 0.3), ("a", 0.15), ("b", 0.2))
        }
        | {"ratio": pytest.approx(0.75)}
    ]
    assert exact[0]["ratio"] is None
    details = written["details"]
    assert [each["duration_s"] for each in details["clips"]] == [2.0, 3.0]
    of_b = details["results"]["none"]["model b"]
    assert of_b[1] == {"picture_jitter_deg": 0.1, "exact_jitter_deg": None}


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dvs-jax", "benchmark", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    return run


@pytest.mark.slow
def test_the_command_compares_networks_with_and_without_flow(command, monkeypatch, tmp_path: Path):
    for name, reads_flow in (("fused", True), ("gyro", False)):
        weights.save(network(reads_flow), tmp_path / name)
    chosen = {name: FAULTS[name] for name in ("none", "moving lens, no log")}
    tiny = partial(fault_benchmark.clips, size=(160, 90), duration_s=1.2)
    monkeypatch.setattr(fault_report, "clips", tiny)
    monkeypatch.setattr(fault_report, "compare", partial(fault_benchmark.compare, faults=chosen))
    models = ("--model", tmp_path / "fused", "--model", tmp_path / "gyro")
    file = tmp_path / "numbers/faults.json"
    code, out, err = command("faults", *models, "--clips", 1, "--out", file)
    assert (code, err) == (0, "")
    assert "moving lens, no log" in out
    written = json.loads(file.read_text())
    results = written["details"]["results"]
    assert [*results] == [*chosen]
    for of_fault in results.values():
        assert len(of_fault) == 4
        for of_method in of_fault.values():
            assert len(of_method) == 1
            assert 0.0 < of_method[0]["picture_jitter_deg"] < 20.0
    steady, hidden = (row["gaussian"] for row in written["tables"][1]["rows"])
    assert steady < hidden


def test_a_missing_model_is_told_in_one_line(command, tmp_path: Path):
    code, _, err = command("faults", "--model", tmp_path / "none")
    assert code == 2
    assert err.count("\n") == 1 and "none" in err
