"""A run's checkpoints. Only this module and `dvs_jax.checkpoint` use Orbax."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import PyTree
from ml_collections import ConfigDict
from orbax.checkpoint import checkpoint_managers

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.training.state import TrainState
from dvs_jax.whole_file import temporary

FOLDER = "checkpoints"

OF_ONE_PROCESS: set[Path] = set()
"""Folders of checkpoints that a process has for itself, as the others have theirs."""

_STATE, _POSITIONS = "state", "positions"
# TensorStore's failures are ValueErrors, and Orbax wraps some in RuntimeErrors.
_FAILURES = (*checkpoint.DAMAGE, RuntimeError)


class Restored(NamedTuple):
    """What a run resumes from.

    Attributes:
        state: on the host.
        position: in the data, as text, the same for all processes.
    """

    state: TrainState
    position: str


class Checkpoints:
    """The folder of a run's checkpoints, written asynchronously.

    A checkpoint gets its name only once it is complete, so after a process is killed while saving,
    the previous one is the newest. With several processes, all must call each method together.

    Args:
        folder: made if it is missing.
        train: the settings; how many of the last checkpoints to keep, and by which measure, the
            lower the better, to keep the best one.

    Raises:
        InputError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, train: ConfigDict):
        self._folder = folder.absolute()
        self._is_own = self._folder in OF_ONE_PROCESS
        self._unfinished = contextlib.ExitStack()
        try:
            with checkpoint.quiet():
                self._manager = ocp.CheckpointManager(
                    self._folder,
                    options=_options(train, self._is_own),
                    item_handlers=_handlers(self._is_own),
                )
        except (OSError, ValueError) as error:
            raise InputError(f"{folder}: cannot be written: {checkpoint.reason(error)}") from error

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the last save; after an error, that error is the one to report."""
        if error is None or isinstance(error, SystemExit):
            self.wait()
        else:
            with contextlib.suppress(InputError):
                self.wait()
        with contextlib.suppress(*_FAILURES):
            self._manager.close()

    def save(self, state: TrainState, position: str, measures: dict[str, float]) -> None:
        """Begin to write a checkpoint, after waiting for the previous one.

        Where processes have folders of their own, the first does it for all.

        Args:
            state: on the host; not to be changed until the save has ended.
            position: in the data, as text, the same for all processes.
            measures: the evaluation's results at this step, if any.

        Raises:
            InputError: this one or the previous one cannot be written.
        """
        if self._is_own and jax.process_index() > 0:
            return
        named = _named(state._asdict())
        items = {
            _STATE: ocp.args.PyTreeSave(named),
            _POSITIONS: ocp.args.JsonSave(checkpoint.sealed({"by_process": [position]}, named)),
        }
        self.wait()
        if jax.process_index() == 0:
            unfinished = self._folder / f"{int(state.step)}{checkpoint.TEMPORARY_SUFFIX}"
            self._unfinished.enter_context(temporary.registered(unfinished))
        with self._telling():
            self._manager.save(
                int(state.step), args=ocp.args.Composite(**items), metrics=measures or None
            )

    def wait(self) -> None:
        """Wait until the checkpoint is written.

        Raises:
            InputError: it cannot be.
        """
        with self._unfinished, self._telling():
            self._manager.wait_until_finished()

    def restore(self, like: TrainState) -> Restored | None:
        """Read the newest complete checkpoint.

        Args:
            like: a state of the run to resume, whose names and shapes must match.

        Returns:
            What was saved; None without a checkpoint.

        Raises:
            InputError: it holds another network, or another optimiser's state, or is damaged.
        """
        step = self._manager.latest_step()
        if step is None:
            return None
        folder = self._folder / str(step)
        try:
            with checkpoint.quiet():
                state, position = self._read(step)
        except checkpoint.DAMAGE as error:
            raise InputError(
                f"{folder}: damaged checkpoint: {checkpoint.reason(error)}; "
                "remove this folder to go on from the one before"
            ) from error
        return Restored(_like(state, like, folder), position)

    def _read(self, step: int) -> tuple[dict[str, Any], str]:
        args = ocp.args.Composite(**{_POSITIONS: ocp.args.JsonRestore()})
        content = self._manager.restore(step, args=args)[_POSITIONS]
        described = self._manager.item_metadata(step)[_STATE]
        if described is None:
            raise LookupError("its state does not say what it holds")
        checkpoint.require_size(content, described.tree)
        to_host = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), described.tree)
        args = ocp.args.Composite(**{_STATE: ocp.args.PyTreeRestore(restore_args=to_host)})
        state = self._manager.restore(step, args=args)[_STATE]
        # A list, for earlier versions kept each process' own; they were all alike.
        bare = checkpoint.unsealed(content, state, self._folder / str(step))
        return state, bare["by_process"][0]

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            with checkpoint.quiet():
                yield
        except _FAILURES as error:
            raise InputError(
                f"{self._folder}: a checkpoint cannot be written: {checkpoint.reason(error)}; the "
                "earlier ones are as they were; make room and give the same command again"
            ) from error


def _options(train: ConfigDict, is_own: bool) -> ocp.CheckpointManagerOptions:
    policies: list[Any] = [checkpoint_managers.LatestN(n=train.keep_checkpoints)]
    measured = (lambda measures: measures[train.best_measure]) if train.best_measure else None
    if measured is not None:
        best = checkpoint_managers.BestN(
            get_metric_fn=measured, reverse=True, n=1, keep_checkpoints_without_metrics=False
        )
        policies.append(best)
    return ocp.CheckpointManagerOptions(
        preservation_policy=checkpoint_managers.AnyPreservationPolicy(policies),
        # It decides nothing beside a policy, but without it the measures are not written, and a
        # run that goes on would not know which checkpoint had been the best.
        best_fn=measured,
        best_mode="min",
        cleanup_tmp_directories=True,
        **(_alone() if is_own else {}),
    )


def _alone() -> dict[str, Any]:
    """Options of a manager that waits for no other process, as each has a folder of its own."""
    if jax.process_count() == 1:
        return {}
    return {"multiprocessing_options": checkpoint.of_this_process(), "create": False}


def _handlers(is_own: bool) -> dict[str, Any]:
    told = {"multiprocessing_options": checkpoint.of_this_process()} if is_own else {}
    return {
        _STATE: ocp.PyTreeCheckpointHandler(**told),
        _POSITIONS: ocp.JsonCheckpointHandler(**told),
    }


def _named(tree: PyTree) -> dict[str, Any]:
    """The leaves in nested dictionaries, which can be read without the containers' classes."""
    named: dict[str, Any] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        *folders, name = [jax.tree_util.keystr((key,), simple=True) for key in path]
        inner = named
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = leaf
    return named


def _like(saved: dict[str, Any], like: TrainState, folder: Path) -> TrainState:
    """The saved arrays in the containers of a state whose names and shapes match."""
    wanted = like._asdict()
    found = _by_name(saved.get("params", {}))
    shapes = {name: np.shape(leaf) for name, leaf in _by_name(wanted["params"]).items()}
    checkpoint.require_shapes(found, shapes, folder)
    leaves, names = _by_name(saved), _by_name(wanted)
    if leaves.keys() != names.keys():
        differing = ", ".join(sorted(leaves.keys() ^ names.keys())[:5])
        raise InputError(
            f"{folder}: was saved with another optimiser or moving average than the config's "
            f"({differing} differ); train into another folder"
        )
    ordered = [leaves[name] for name in names]
    return TrainState(**jax.tree.unflatten(jax.tree.structure(wanted), ordered))


def _by_name(tree: PyTree) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
