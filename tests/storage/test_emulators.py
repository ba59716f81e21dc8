"""Whole commands against servers that stand in for both stores; only caches are left here."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from fused.records import walking_record

from data.dataset_builder import build
from data.record_builder import RecordBuilder, RecordConfig
from dvs_jax import checkpoint
from dvs_jax.fused.record import Record, no_flow
from dvs_jax.storage import lease, store, uploading

from . import emulators
from .emulators import run, start

pytestmark = pytest.mark.slow

EXTRA = "is not installed: pip install 'dvs-jax[emulators]'"
CONFIG = """
from dvs_jax.fused.settings import settings

def get_config():
    config = settings()
    config.model.flow = False
    config.model.lstm = config.model.fully_connected = (8,)
    config.data.folders = (("{datasets}", 1.0),)
    config.data.steps = 40
    config.train.batch_size = 8
    config.train.epochs = 4
    config.train.steps_per_epoch = 100
    config.train.lr = 3e-3
    config.train.clip_norm = 1.0
    config.train.loss_weights = ((1, {{"acceleration": 1.0, "jerk": 0.02, "cover": 100.0}}),)
    config.train.log_every = 5
    config.train.checkpoint_every = 20
    config.train.evaluate_every = 2
    return config
"""


class Walks(RecordBuilder, skip_registration=True):
    BUILDER_CONFIGS = (RecordConfig(name="poses"),)

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        walk = walking_record((16, 9))
        walk = walk._replace(flow=no_flow(len(walk.flow)))
        return {"training": iter([walk]), "test": iter([walk]), "other": iter([walk])}


@pytest.fixture(scope="module", params=["gs", "s3"])
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def variables(kind) -> Iterator[dict[str, str]]:
    """The variables that lead to an emulator, which also this process gets."""
    for module in {"gs": ("gcsfs", "gcp_storage_emulator"), "s3": ("s3fs", "moto")}[kind]:
        pytest.importorskip(module, reason=f"{module} {EXTRA}")
    with getattr(emulators, kind)() as told, pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        store._filesystem.cache_clear()
        yield told
    store._filesystem.cache_clear()


@pytest.fixture(scope="module")
def box(kind, variables) -> str:
    """The address of the bucket."""
    return f"{kind}://{emulators.BOX}"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("datasets")
    return build(Walks(data_dir=folder, config="poses", file_format="array_record"))


@pytest.fixture(scope="module")
def trained(box, variables, dataset, tmp_path_factory) -> str:
    """The address of a run that was killed and gone on with, while another was refused."""
    folder, workdir = tmp_path_factory.mktemp("trained"), f"{box}/runs/dvs"
    uploading.upload(dataset, f"{box}/datasets/poses")
    config = folder / "config.py"
    config.write_text(CONFIG.format(datasets=f"{box}/datasets"))
    command = ["train", "--config", config, "--workdir", workdir]

    first = start(command, variables, folder / "first")
    try:
        wait_for_checkpoint(workdir, first)
        code, told = run(command, variables, folder / "second")
        assert first.poll() is None, first.communicate()
    finally:
        first.kill()
        first.wait()
    assert code == 2, told
    assert f"error: {workdir}: another run (" in told

    code, told = run(command, variables, folder / "third")
    assert code == 0, told
    assert f"model: {workdir}/model" in told
    for name in ("first", "second", "third"):
        assert not [*(folder / name / "here").iterdir()]
    assert not [*(folder / "third/tmp").iterdir()]
    staged = [each.name for each in (folder / "third/cache/staged").rglob("*.array_record*")]
    assert len(staged) == 2, "of three splits two are read"
    return workdir


def wait_for_checkpoint(workdir, process):
    end = time.monotonic() + 300.0
    while not any(name.endswith("_CHECKPOINT_METADATA") for name in store.listing(workdir)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_run_that_was_killed_ends_as_one_that_was_not(
    trained, kind, dataset, variables, tmp_path, monkeypatch
):
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "cache"))
    config = tmp_path / "config.py"
    config.write_text(CONFIG.format(datasets=dataset))
    command = ["train", "--config", config, "--workdir", tmp_path / "local"]
    code, told = run(command, {}, tmp_path)
    assert code == 0, told

    from dvs_jax.storage import local

    ours, theirs = (
        checkpoint.by_name(checkpoint.load(folder)[0])
        for folder in (tmp_path / "local/model", local(f"{trained}/model"))
    )
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    names = store.listing(trained)
    kept = {name.split("/")[1] for name in names if name.startswith("checkpoints/")}
    assert kept == {each.name for each in (tmp_path / "local/checkpoints").iterdir()}
    assert "metrics.jsonl" in names
    assert any(name.startswith("tensorboard/") for name in names)
    assert not [name for name in names if store.UNFINISHED in name]
    # The one that was killed could still come back.
    assert all(name.endswith(lease.TAKEN) for name in names if lease.FOLDER in name)


def test_a_stored_model_stabilises_and_is_evaluated(
    trained, box, variables, rendered_walk, tmp_path
):
    uploading.upload(rendered_walk, f"{box}/clips/one")
    uploading.upload(rendered_walk, f"{box}/clips/two")
    out = f"{box}/steady"
    command = ["stabilize", f"{box}/clips/*", "--out", out, "--model", f"{trained}/model"]
    quick = ["--refine", "none", "--encoder-preset", "ultrafast", "--resume"]
    code, told = run([*command, *quick], variables, tmp_path)
    assert code == 0, told
    names = {"walking_stab_crop.mp4", "walking.txt", "walking.jpg", "one_run.json"}
    assert set(store.listing(f"{out}/one")) == names
    code, told = run([*command, *quick], variables, tmp_path)
    assert code == 0, told
    assert "2 clips: 2 skipped" in told

    single = ["stabilize", f"{box}/clips/one", "--out", f"{box}/one.mp4", "--smoother", "gaussian"]
    code, told = run([*single, *quick[:-1]], variables, tmp_path)
    assert code == 0, told
    assert f"cropped video: {box}/one.mp4" in told
    assert store.listing(f"{box}/one.mp4")[""].size > 10_000

    command = ["evaluate", f"{box}/clips/one", f"{box}/datasets", "--model", f"{trained}/model"]
    code, told = run([*command, "--no-measure", "--out", f"{box}/evaluated"], variables, tmp_path)
    assert code == 0, told
    assert set(store.listing(f"{box}/evaluated")) == {"evaluation.json", "evaluation.png"}
    assert not [*(tmp_path / "here").iterdir()]
    assert not [*(tmp_path / "tmp").iterdir()]


def test_a_cluster_takes_clips_from_a_store_and_puts_results_there(
    box, variables, rendered_walk, tmp_path
):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'dvs-jax[cluster]'")
    for name in ("one", "two"):
        uploading.upload(rendered_walk, f"{box}/trip/{name}")
    command = ["stabilize", f"{box}/trip/*", "--out", f"{box}/by_cluster", "--smoother", "gaussian"]
    quick = ["--refine", "none", "--encoder-preset", "ultrafast", "--cluster", "local"]
    code, told = run([*command, *quick], variables, tmp_path)
    assert code == 0, told
    assert "2 clips: 2 done" in told
    names = {"walking_stab_crop.mp4", "walking.txt", "walking.jpg"}
    for name in ("one", "two"):
        assert set(store.listing(f"{box}/by_cluster/{name}")) == {*names, f"{name}_run.json"}


def test_results_of_an_earlier_run_are_replaced_or_removed(box, variables, rendered_walk, tmp_path):
    uploading.upload(rendered_walk, f"{box}/clip")
    out = f"{box}/again"
    command = ["stabilize", f"{box}/clip", "--out", out, "--smoother", "gaussian"]
    quick = ["--refine", "none", "--encoder-preset", "ultrafast"]
    assert run([*command, *quick, "--uncropped"], variables, tmp_path)[0] == 0
    assert "walking_stab.mp4" in store.listing(out)
    assert run([*command, *quick], variables, tmp_path)[0] == 0
    assert set(store.listing(out)) == {"walking_stab_crop.mp4", "walking.txt", "walking.jpg"}
    store.remove([f"{out}/walking_stab_crop.mp4"])
    store.write(f"{out}/walking.txt", b"my notes")
    code, told = run([*command, *quick], variables, tmp_path)
    assert code == 2
    assert f"error: {out}/walking.txt: is no result of an earlier run" in told
    assert store.read(f"{out}/walking.txt") == b"my notes"


@pytest.mark.parametrize("what", ["bucket", "unreachable", "credentials", "typo"])
def test_bad_addresses_are_told(kind, variables, what, tmp_path):
    address, others = f"{kind}://{'nothing' if what == 'bucket' else 'box'}/runs", dict(variables)
    complaint = f"error: {address}: "
    with emulators.refusing() as refusing:
        if what == "unreachable":
            nobody = f"http://127.0.0.1:{emulators.free_port()}"
            others = dict.fromkeys(variables, "x") | {
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": nobody,
                "STORAGE_EMULATOR_HOST": nobody,
            }
        elif what == "credentials":
            others = {
                "AWS_ENDPOINT_URL": variables.get("AWS_ENDPOINT_URL", ""),
                "AWS_ACCESS_KEY_ID": "",
                "AWS_SECRET_ACCESS_KEY": "",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "STORAGE_EMULATOR_HOST": refusing,
            }
            others = {k: v for k, v in others.items() if v or "KEY" in k}
        elif what == "typo":
            address = f"{kind}:/{'/' * 2}box"
            complaint = f"error: {address}: is no address"
        config = tmp_path / "config.py"
        config.write_text(CONFIG.format(datasets=address if what == "typo" else "nowhere"))
        command = [
            "train",
            "--config",
            config,
            "--workdir",
            tmp_path if what == "typo" else address,
        ]
        code, told = run(command, others, tmp_path)
    assert code == 2, told
    (line,) = [line for line in told.splitlines() if line.startswith("error: ")]
    assert line.startswith(complaint)
    expected = {
        "bucket": "there is no bucket",
        "credentials": "credentials",
        "typo": "is no address",
    }
    assert expected.get(what, "within reach") in line
    assert "Traceback" not in told
