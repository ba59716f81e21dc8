"""Training from a config to a model: in miniature, stopped, warm-started, and refused."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
import virtual_devices
from flax import nnx
from ml_collections import ConfigDict

from data.dataset_builder import build
from data.record_builder import RecordBuilder, RecordConfig
from dvs_jax import cli, load_clip, metrics, torch_file
from dvs_jax.errors import InputError
from dvs_jax.fused import configured, convert, train, validation, weights
from dvs_jax.fused.prediction import predict_trajectory
from dvs_jax.fused.record import Record, gyro_path, no_flow
from dvs_jax.fused.settings import settings

from .records import biased_record, walking_record

FLOW_SIZE = (16, 9)


class OneWalk(RecordBuilder, skip_registration=True):
    """One walk, to train on and to test with."""

    BUILDER_CONFIGS = (
        RecordConfig(name="poses"),
        RecordConfig(name="tiny", flow_size=FLOW_SIZE),
        RecordConfig(name="biased", flow_size=FLOW_SIZE),
    )

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        made = biased_record if self.builder_config.name == "biased" else walking_record
        walk = made(FLOW_SIZE)
        if self.builder_config.flow_size is None:
            walk = walk._replace(flow=no_flow(len(walk.flow)))
        return {"training": iter([walk]), "test": iter([walk])}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("datasets")
    names = [each.name for each in OneWalk.BUILDER_CONFIGS]
    return {
        name: build(OneWalk(data_dir=folder, config=name, file_format="array_record"))
        for name in names
    }


def miniature(folder: Path, **changes: Any) -> ConfigDict:
    """Return a config that trains in no time; changes are named as in `train__lr`."""
    config = settings()
    config.model.flow = False
    config.model.lstm = (8,)
    config.model.fully_connected = (8,)
    config.model.filters = 4
    config.data.folders = ((str(folder), 1.0),)
    config.data.steps = 40
    config.train.batch_size = 8
    config.train.epochs = 2
    config.train.steps_per_epoch = 3
    config.train.lr = 3e-3
    config.train.clip_norm = 1.0
    config.train.loss_weights = ((1, {"acceleration": 1.0, "jerk": 0.02, "cover": 100.0}),)
    config.train.log_every = 1
    for name, value in changes.items():
        group, field = name.split("__")
        config[group][field] = value
    return config


FUSION = {
    "model__flow": True,
    "model__flow_size": FLOW_SIZE,
    "model__fusion": 8,
    "train__loss_weights": ((1, {"camera_turn": 1.0}),),
}
"""What the shipped network with flow trains, in small."""


def logged(workdir: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def parameters(model: Path) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_leaves_with_path(nnx.state(weights.load_model(model), nnx.Param))
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


@pytest.fixture(scope="module")
def overfitted(datasets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that has learnt one clip by heart."""
    workdir = tmp_path_factory.mktemp("overfitted")
    config = miniature(
        datasets["poses"],
        train__epochs=3,
        train__steps_per_epoch=100,
        train__lr=1e-2,
        train__schedule="cosine",
        train__log_every=20,
        train__checkpoint_every=1000,
        train__evaluate_every=3,
        train__best_measure="restlessness",
        rollout__displacement=0.0,
    )
    assert train.train_and_evaluate(config, workdir) == workdir / "model"
    return workdir


@pytest.mark.slow
def test_one_clip_is_learnt_by_heart(overfitted: Path) -> None:
    (measured,) = (line for line in logged(overfitted) if "jitter" in line)
    shaky = metrics.rotation_jitter(gyro_path(walking_record(FLOW_SIZE)))
    # The clip sways to the end of the network's reach, where some of its shake must stay.
    assert measured["jitter"] < 0.25 * shaky
    assert measured["worst_crop"] < 0.13
    losses = [line["total"] for line in logged(overfitted) if "total" in line]
    # In a frame that turns evenly an untrained network starts near; batches differ by a quarter.
    assert np.mean(losses[-4:]) < 0.5 * losses[0]


@pytest.mark.slow
def test_the_model_predicts_paths_of_clips(overfitted: Path, walk: Path) -> None:
    model = weights.load_model(overfitted / "model")
    clip = load_clip(walk)
    path = predict_trajectory(model, clip)
    assert len(path) == clip.frame_count
    np.testing.assert_allclose(np.linalg.norm(path.quaternion, axis=-1), 1.0, atol=1e-6)


@pytest.mark.slow
def test_the_best_checkpoint_lies_beside_the_last_ones(overfitted: Path) -> None:
    assert [path.name for path in (overfitted / "checkpoints").iterdir()] == ["300"]
    assert list((overfitted / "tensorboard").iterdir())


@pytest.mark.slow
def test_a_run_gone_on_with_ends_as_an_undisturbed_one(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    def run(name: str, epochs: int) -> Path:
        table = ((1, 90.0), (2, 180.0))
        config = miniature(
            datasets["poses"], train__epochs=epochs, train__ema_decay=0.5, data__largest_shake=table
        )
        return train.train_and_evaluate(config, tmp_path / name)

    whole = parameters(run("whole", 2))
    begun = parameters(run("parts", 1))
    ended = parameters(run("parts", 2))
    assert any((begun[name] != ended[name]).any() for name in ended)
    for name, expected in whole.items():
        np.testing.assert_array_equal(ended[name], expected, err_msg=name)


@pytest.mark.slow
def test_flow_teaches_how_the_camera_turned_and_leaves_the_core_alone(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    config = miniature(
        datasets["biased"], **FUSION, train__steps_per_epoch=50, train__epochs=1, train__lr=1e-2
    )
    trained = parameters(train.train_and_evaluate(config, tmp_path))
    begun = {
        jax.tree_util.keystr(path): np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(
            nnx.state(configured.create_network(config), nnx.Param)
        )
    }
    assert begun.keys() == trained.keys()
    changed = {name for name in begun if (begun[name] != trained[name]).any()}
    learnt = {name for name in begun if "fusion" in name or "encoder" in name}
    # All squares of the picture being voted on alike, what is added to every vote does nothing.
    assert {name for name in learnt - changed if "vote" not in name} == set()
    assert changed <= learnt
    losses = [line["camera_turn"] for line in logged(tmp_path)]
    # Logarithms: the error of the turns has fallen to a third.
    assert losses[-1] < losses[0] - np.log(3.0)


def official(folder: Path, checkpoint: Path, **changes: Any) -> ConfigDict:
    """Return the config that goes on from official weights, with small flow."""
    sizes = {"model__lstm": (512, 512), "model__fully_connected": (256,), "model__turn_unit": 1.0}
    reading = {"model__flow": True, "model__flow_size": FLOW_SIZE, "model__filters": 0}
    terms = ((1, {"follow": 10.0, "c2_smooth": 200.0, "optical": 0.1}),)
    run = {"train__loss_weights": terms, "train__batch_size": 2, "data__steps": 3}
    start = {"model__official": True, "model__start_from": str(checkpoint)}
    return miniature(folder, **{**sizes, **reading, **run, **start, **changes})


@pytest.mark.slow
def test_training_goes_on_from_official_weights(
    datasets: dict[str, Path], golden: Path, tmp_path: Path
) -> None:
    file = golden / "dvs/random.checkpoint"
    once = {"train__epochs": 1, "train__steps_per_epoch": 1, "train__lr": 1e-4}
    config = official(datasets["tiny"], file, **once)
    model = train.train_and_evaluate(config, tmp_path)
    before = nnx.state(convert.from_official(torch_file.read(file), file), nnx.Param)
    after = nnx.state(weights.load_model(model), nnx.Param)
    # Adam's first step is the learning rate wherever there is any gradient.
    change = jax.tree.map(lambda new, old: float(np.abs(new - old).max()), after, before)
    assert max(jax.tree.leaves(change)) == pytest.approx(1e-4, rel=1e-3)


def test_official_weights_of_other_layers_are_refused(golden: Path, tmp_path: Path) -> None:
    file = golden / "dvs/random.checkpoint"
    config = official(tmp_path, file, model__lstm=(512, 256))
    with pytest.raises(InputError) as refused:
        configured.create_network(config)
    message = str(refused.value)
    assert message.startswith(f"{file}: is another network than config.model describes: ")
    assert "core.lstm.1.recurrent.kernel (512, 2048) instead of (256, 1024)" in message
    assert "encoder" not in message


@pytest.mark.slow
def test_a_checkpoint_of_another_network_is_refused(
    datasets: dict[str, Path], overfitted: Path
) -> None:
    config = miniature(datasets["poses"], model__lstm=(9,))
    with pytest.raises(InputError, match=r"lstm.*\(92, 32\), not \(92, 36\)"):
        train.train_and_evaluate(config, overfitted)


BAD = [
    (
        {"train__loss_weights": ((1, {"smoth": 1.0}),)},
        "no term is called smoth; there are .*smooth",
    ),
    ({"train__loss_weights": ((1, {"optical": 1.0}),)}, "the optical term needs flow"),
    ({"train__loss_weights": (1, 2)}, "no table by epoch"),
    ({"train__epochs": 0}, r"config\.train\.epochs: 0 is too few"),
    ({"train__parallel": "pjit"}, "'pjit' is none of"),
    ({"train__schedule": "linear"}, "'linear' is none"),
    ({"train__seed": 1 << 31}, "seed of 2147483648"),
    ({"model__lstm": ()}, r"config\.model: describes no possible network: lstm"),
    ({"model__fully_connected": (0,)}, r"fully_connected\.0\.features is 0"),
    ({"model__start_from": "/nowhere"}, "/nowhere"),
    ({"model__flow": True}, r"set config\.model\.fusion, or leave flow out"),
    ({"model__flow": True, "model__fusion": 4}, r"no flow, and the network reads 120 × 68"),
    (
        {
            "model__flow": True,
            "model__fusion": 4,
            "train__loss_weights": ((1, {"smooth": 1.0, "jerk": 1.0}), (2, {"follow": 1.0})),
        },
        r"by the terms of a step \(follow, smooth\)",
    ),
    ({"train__loss_weights": ((1, {"camera_turn": 1.0}),)}, "set config.model.fusion, or give"),
    ({"data__folders": ("datasets", 1.0)}, "'datasets' is no dataset with its share"),
    ({"data__folders": (("/nowhere", 1.0),)}, "/nowhere: holds no dataset; build one"),
    ({"data__folders": ()}, "no dataset is named"),
    ({"data__steps": 2}, r"config\.data\.steps: a window of 2 steps is too short"),
    ({"data__steps": 500}, "no clip is as long as a window of 500 steps"),
    ({"data__largest_shake": ((1, 0.0),)}, "every clip shakes by more than 0°"),
    ({"data__largest_shake": ((1, "x"),)}, "holds no degrees"),
    ({"rollout__strengths": (2.0, 1.0)}, r"\(2\.0, 1\.0\) is no range"),
    ({"rollout__strengths": (1.0,)}, r"\(1\.0,\) is no range"),
    ({"rollout__truncate_steps": -1}, r"truncate_steps: -1 is negative"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_cannot_be_trained_is_told(
    datasets: dict[str, Path], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train.train_and_evaluate(miniature(datasets["poses"], **changes), tmp_path)


@pytest.mark.slow
def test_a_missing_test_split_matters_only_where_something_is_evaluated(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    class Untested(OneWalk, skip_registration=True):
        def records(self, downloads: tfds.download.DownloadManager) -> Any:
            return {"training": super().records(downloads)["training"]}

    folder = build(Untested(data_dir=tmp_path / "data", config="poses", file_format="array_record"))
    config = miniature(folder, train__evaluate_every=1)
    with pytest.raises(InputError, match="no split 'test'"):
        train.train_and_evaluate(config, tmp_path / "run")
    config.train.evaluate_every = 0
    assert train.train_and_evaluate(config, tmp_path / "run").is_dir()


# The command.

CONFIG = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from fused.test_train import miniature


def get_config():
    return miniature(Path({folder!r}))
"""


def written_config(folder: Path, file: Path) -> Path:
    tests = str(Path(__file__).resolve().parents[1])
    file.write_text(CONFIG.format(tests=tests, folder=str(folder)))
    return file


@pytest.fixture
def config_file(datasets: dict[str, Path], tmp_path: Path) -> Path:
    return written_config(datasets["poses"], tmp_path / "mini.py")


def command(config: Path, workdir: Path, *changes: str, devices: int = 1) -> subprocess.Popen[str]:
    flags = virtual_devices.flags(devices)
    root = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "PYTHONPATH": root}
    arguments = ["train", "--config", str(config), "--workdir", str(workdir), *changes]
    return subprocess.Popen(
        [sys.executable, "-m", "dvs_jax", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pmap", "shard_map"])
def test_eight_devices_train_the_model_that_one_trains(
    datasets: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """With the loss of the shipped network, five steps of it."""
    config = written_config(datasets["biased"], tmp_path / "mini.py")
    models = []
    for devices in (1, 8):
        workdir = tmp_path / f"on {devices}"
        changes = [f"--config.train.parallel={kind}", "--config.train.epochs=1"]
        changes += ["--config.train.steps_per_epoch=5"]
        changes += [f"--config.{name.replace('__', '.')}={each}" for name, each in FUSION.items()]
        run = command(config, workdir, *changes, devices=devices)
        out, errors = run.communicate(timeout=300)
        assert run.returncode == 0, errors
        assert f"dvs-jax stabilize CLIP --model '{workdir}/model'" in out
        models.append(parameters(workdir / "model"))
    # A softmax does not feel a bias that all its logits share: its gradient is but rounding, of
    # which Adam makes steps as long as any other.
    felt = [name for name in models[0] if "'vote']['bias']" not in name]
    assert len(felt) == len(models[0]) - 1
    for name in felt:
        np.testing.assert_allclose(models[1][name], models[0][name], atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_told_to_stop_the_command_saves_and_ends_well(config_file: Path, tmp_path: Path) -> None:
    run = command(config_file, tmp_path / "run", "--config.train.epochs=100000")
    end = time.monotonic() + 120
    while not (tmp_path / "run/metrics.jsonl").exists() or len(logged(tmp_path / "run")) < 3:
        assert run.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    out, errors = run.communicate(timeout=60)
    assert (run.returncode, out) == (0, "")
    assert "is saved, the same command goes on" in errors
    assert list((tmp_path / "run/checkpoints").iterdir())
    assert not (tmp_path / "run/model").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--foo"], "No such option: --foo; see dvs-jax train --help"),
        (["--config.train.lr", "3"], "No value is given: write --config.train.lr=VALUE; see"),
        (["more"], "Got unexpected argument: more"),
        (["--config.train.lrr=3"], "no such field; the nearest is --config.train.lr"),
        (["--config.train.epochs=x"], "the value has to be of type int, such as 2"),
        (["--config.data.steps=500"], "no clip is as long as a window of 500 steps"),
    ],
)
def test_a_command_that_is_wrong_is_told_in_a_line(
    config_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    options = ["--config", str(config_file), "--workdir", str(tmp_path / "run"), *arguments]
    monkeypatch.setattr(sys, "argv", ["dvs-jax", "train", *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.startswith("error: ") and shown.count("\n") == 1


def test_held_out_clips_are_the_test_splits(datasets: dict[str, Path]) -> None:
    (record,) = validation.records(miniature(datasets["poses"]))
    assert record.name == "walk"
