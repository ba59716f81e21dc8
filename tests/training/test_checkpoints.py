"""A run's checkpoints survive full disks, damage and other networks."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.checkpoints import Checkpoints, Restored
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import TrainState, begin

from . import toy

TRAIN = toy.config().train
RNG = np.random.default_rng(0)
LARGE = {"layer": [{"w": RNG.normal(size=(400, 300)).astype(np.float32)}], "b": np.zeros(3, "f4")}


def state(step: int, params: dict = LARGE, ema_decay: float = 0.9) -> TrainState:
    return begin(params, make_optimizer(TRAIN), ema_decay, seed=step)._replace(step=np.int32(step))


def save(folder: Path, *steps: int, **changes) -> None:
    with Checkpoints(folder, toy.config(**changes).train) as checkpoints:
        for step in steps:
            checkpoints.save(state(step), f"position {step}", {})


def restore(folder: Path, like: TrainState | None = None) -> Restored | None:
    with Checkpoints(folder, TRAIN) as checkpoints:
        return checkpoints.restore(state(0) if like is None else like)


def assert_same(one: TrainState, other: TrainState) -> None:
    assert jax.tree.structure(one) == jax.tree.structure(other)
    jax.tree.map(np.testing.assert_array_equal, one, other)
    assert [x.dtype for x in jax.tree.leaves(one)] == [x.dtype for x in jax.tree.leaves(other)]


def test_the_newest_comes_back_as_it_was(tmp_path: Path):
    save(tmp_path, 3, 7)
    restored = restore(tmp_path)
    assert_same(restored.state, state(7))
    assert isinstance(restored.state.optimizer[2], optax.ScaleByAdamState)
    assert restored.position == "position 7"


def test_an_empty_folder_holds_nothing(tmp_path: Path):
    assert restore(tmp_path / "new") is None


def test_only_the_last_ones_are_kept(tmp_path: Path):
    save(tmp_path, 1, 2, 3, 4, keep_checkpoints=2)
    assert {path.name for path in tmp_path.iterdir()} == {"3", "4"}


def test_what_an_interrupted_save_left_is_passed_over_and_removed(tmp_path: Path):
    save(tmp_path, 3)
    shutil.copytree(tmp_path / "3", tmp_path / "5.orbax-checkpoint-tmp")
    assert int(restore(tmp_path).state.step) == 3
    # Orbax removes in the background, and waits for it before it saves.
    save(tmp_path, 7)
    assert {path.name for path in tmp_path.iterdir()} == {"3", "7"}


@contextmanager
def no_room_for_files_above(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# Writes still under way when one fails complain to no one in particular.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_save_that_finds_no_room_is_told_and_harms_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture
):
    save(tmp_path, 1, 2)
    with pytest.raises(InputError) as told, no_room_for_files_above(10_000):
        save(tmp_path, 3)
    message = str(told.value)
    assert message.startswith(f"{tmp_path}: a checkpoint cannot be written: ")
    assert "earlier ones are as they were; make room" in message
    assert "\n" not in message
    assert "Traceback" not in capfd.readouterr().err
    assert_same(restore(tmp_path).state, state(2))
    save(tmp_path, 3)
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2", "3"}


def test_another_network_is_refused_with_the_tensors_named(tmp_path: Path):
    save(tmp_path, 1)
    other = {"layer": [{"w": np.zeros((400, 200), "f4"), "gain": np.ones(4, "f4")}]}
    with pytest.raises(
        InputError,
        match=r"1: holds another network .*of another shape: layer\.0\.w has shape "
        r"\(400, 300\), not \(400, 200\); .*missing: layer\.0\.gain",
    ):
        restore(tmp_path, state(0, other))


def test_another_moving_average_or_optimizer_is_refused(tmp_path: Path):
    save(tmp_path, 1)
    with pytest.raises(InputError, match=r"another optimiser or moving average .*ema\.b"):
        restore(tmp_path, state(0, ema_decay=0.0))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("file", ["state/manifest.ocdbt", "state/_METADATA", "positions/metadata"])
def test_damage_is_told(tmp_path: Path, file: str):
    save(tmp_path, 1, 2)
    (tmp_path / "2" / file).write_bytes(b"")
    with pytest.raises(InputError, match=r"2: damaged checkpoint: .*remove this folder"):
        restore(tmp_path)
    shutil.rmtree(tmp_path / "2")
    assert int(restore(tmp_path).state.step) == 1


def test_a_changed_bit_of_the_numbers_is_told(tmp_path: Path):
    save(tmp_path, 1)
    data = max((tmp_path / "1").rglob("*"), key=lambda file: file.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2 // 4 * 4 + 3] ^= 64
    data.write_bytes(content)
    with pytest.raises(InputError, match=r"1: damaged checkpoint: its numbers are not those"):
        restore(tmp_path)


def test_one_from_before_digests_is_gone_on_with(tmp_path: Path):
    save(tmp_path, 1)
    (tmp_path / "1" / "positions" / "metadata").write_text('{"by_process": ["position 1"]}')
    restored = restore(tmp_path)
    assert_same(restored.state, state(1))
    assert restored.position == "position 1"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/run: cannot be written"):
        Checkpoints(tmp_path / "file" / "run", TRAIN)
