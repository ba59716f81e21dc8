"""A run whose folder is in an object store: killed, gone on with, and the only one there."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from storage import folder_store

from dvs_jax import checkpoint
from dvs_jax.cache_folder import CACHE_VARIABLE
from dvs_jax.errors import InputError
from dvs_jax.storage import lease, store
from dvs_jax.training import loop, model, stored_run

from . import run_toy, toy
from .run_stored_toy import MODULE

ADDRESS = "s3://box/runs/toy"


class Interrupted(toy.Stream):
    """Fails when a batch is to be loaded."""

    def __init__(self, size, fails_at):
        super().__init__(size)
        self.fails_at = fails_at

    def __next__(self):
        if self.number == self.fails_at:
            raise InputError("the data are damaged")
        return super().__next__()


@stored_run.anywhere
def train(config, workdir):
    batches = Interrupted(config.train.batch_size, config.get("fails_at"))
    params = loop.train(config, workdir, toy.params(), toy.loss, batches)
    return model.write(workdir, lambda folder: checkpoint.save(folder, params, {"kind": "toy"}))


def config(fails_at=-1, **changes):
    made = toy.config(**changes)
    with made.unlocked():
        made.fails_at = fails_at
    return made


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The folder in the store."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(stored_run, "PAUSE_S", 0.01)
    folder_store.put_in_place(monkeypatch, tmp_path / "store")
    return tmp_path / "store/box/runs/toy"


def kept(run):
    files = [each for each in (run / "checkpoints").rglob("*") if each.is_file()]
    return {each.relative_to(run).parts[1] for each in files}


def steps_logged(run):
    return [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def assert_same(one, other):
    for name, leaf in checkpoint.by_name(checkpoint.load(one)[0]).items():
        np.testing.assert_array_equal(leaf, checkpoint.by_name(checkpoint.load(other)[0])[name])


@pytest.mark.slow
def test_all_of_a_run_is_in_the_store_and_nothing_here(run, tmp_path):
    assert store.address_of(train(config(keep_checkpoints=2), ADDRESS)) == f"{ADDRESS}/model"
    local = train(config(), tmp_path / "local")
    assert_same(run / "model", local)
    assert kept(run) == {"8", "10"}
    assert steps_logged(run) == [*range(1, 11)]
    assert list((run / "tensorboard").iterdir())
    assert not list((run / lease.FOLDER).iterdir())
    assert not [*run.rglob(store.UNFINISHED)]
    assert not [*(tmp_path / "tmp").iterdir()]


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on(run, tmp_path):
    with pytest.raises(InputError, match=r"^the data are damaged$"):
        train(config(fails_at=5), ADDRESS)
    assert kept(run) == {"2", "4"}
    # As a killed process leaves it that was sending.
    (run / "checkpoints/6").mkdir()
    (run / "checkpoints/6" / store.UNFINISHED).touch()
    train(config(), ADDRESS)
    assert_same(run / "model", train(config(), tmp_path / "local"))
    assert kept(run) == {"6", "8", "10"}
    assert steps_logged(run) == [*range(1, 11)]


@pytest.mark.slow
def test_a_second_run_is_refused(run, monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.05)
    with (
        lease.alone(ADDRESS, "a training run"),
        pytest.raises(InputError, match=rf"^{ADDRESS}: another run \(.*\) is writing a training"),
    ):
        train(config(), ADDRESS)


def test_a_run_that_is_taken_over_ends_and_sends_nothing_more(run, monkeypatch):
    monkeypatch.setattr(lease, "BEAT_S", 0.01)

    class Taken(toy.Stream):
        def __next__(self):
            # Not once alone: between looking for it and writing it, it would be there again.
            for each in (run / lease.FOLDER).glob("*") if self.number >= 3 else ():
                each.unlink(missing_ok=True)
            return super().__next__()

    @stored_run.anywhere
    def train_on(config, workdir):
        return loop.train(config, workdir, toy.params(), toy.loss, Taken(16))

    with pytest.raises(InputError, match=rf"^{ADDRESS}: another run has taken it over.*is kept in"):
        train_on(config(epochs=100_000), ADDRESS)
    assert "100000" not in kept(run)


def test_a_store_that_fails_for_a_while_is_tried_again(run, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    made = store.filesystem(ADDRESS)

    class Failing(toy.Stream):
        def __next__(self):
            made.fails = ConnectionError("refused") if self.number in (2, 3, 4) else None
            return super().__next__()

    @stored_run.anywhere
    def train_on(config, workdir):
        return loop.train(config, workdir, toy.params(), toy.loss, Failing(16)) and workdir

    train_on(config(), ADDRESS)
    assert kept(run) == {"6", "8", "10"}


def test_what_cannot_be_sent_at_the_end_is_kept(run, monkeypatch, tmp_path):
    monkeypatch.setattr(stored_run, "RETRY_S", 0.0)
    made = store.filesystem(ADDRESS)

    @stored_run.anywhere
    def train_on(config, workdir):
        folder = train.__wrapped__(config, workdir)
        made.fails = ConnectionError("refused")
        return folder

    with pytest.raises(InputError, match=rf"^{ADDRESS}/.*refused.*; what this run made is kept in"):
        train_on(config(), ADDRESS)
    (unsent,) = (tmp_path / "cache/unsent").iterdir()
    assert_same(unsent / "model", train(config(), tmp_path / "local"))


def test_a_bucket_that_is_not_there_is_told(run):
    with pytest.raises(InputError, match=r"^gs://bax/.*: there is no bucket gs://bax"):
        train(config(), Path("gs://bax/runs"))


@pytest.mark.slow
def test_two_processes_with_folders_of_their_own_go_on_as_one(tmp_path):
    (tmp_path / "here").mkdir()
    run = tmp_path / "here/store/box/run"

    def trained(count, **changes):
        started = run_toy.start_several(
            tmp_path / "here", count, 2 // count, module=MODULE, several_hosts=True, **changes
        )
        for process in started:
            _, told = process.communicate(timeout=300)
            assert process.returncode == 0, told

    trained(2, epochs=1)
    assert kept(run) == {"2", "4", "5"}
    trained(2)
    trained(1, epochs=3)
    assert_same_to(run / "model", train(config(epochs=3), tmp_path / "local"), 1e-6)
    assert kept(run) == {"12", "14", "15"}
    assert steps_logged(run) == [*range(1, 16)]
    assert not [*(tmp_path / "here/tmp").iterdir()]


def assert_same_to(one, other, tolerance):
    wanted = checkpoint.by_name(checkpoint.load(other)[0])
    for name, leaf in checkpoint.by_name(checkpoint.load(one)[0]).items():
        np.testing.assert_allclose(leaf, wanted[name], atol=tolerance)
