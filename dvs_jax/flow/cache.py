"""A clip's flow computed once and kept beside it; an interrupted computation is resumed."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from dvs_jax.bounded_file import read_json
from dvs_jax.errors import InputError
from dvs_jax.flow.estimation import Estimator, Frame, create, estimate
from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.whole_file import locked, make_folder, replacing


def fill(
    frames: Iterable[Frame],
    pair_count: int,
    folder: FlowFolder,
    estimator: str | Estimator = "auto",
    *,
    source: str,
) -> Iterator[int]:
    """Compute the flow of those pairs of a clip whose files are missing.

    `flow.json` beside the files records the estimator and the video, so that an interrupted run
    is only continued with the same ones.

    Args:
      frames: all of the clip's, uint8 RGB [height, width, 3].
      pair_count: number of pairs: one less than there are frames.
      folder: the clip's flow files.
      estimator: a name that `create` knows, or an estimator.
      source: the video's name, for messages.

    Yields:
      The index of each pair once its files exist, without delay for those that did already.

    Raises:
      InputError: fewer than two frames; files of another estimator or video, or of unknown origin,
        that leave pairs missing; a folder that is a link; another run that is writing flow there;
        and all that `estimate` raises.
    """
    if pair_count < 1:
        raise InputError(f"{source}: flow needs at least two frames")
    maker = create(estimator) if isinstance(estimator, str) else estimator
    origin = {
        "estimator": maker.name,
        # Only RAFT refines its flow in steps.
        "iterations": getattr(maker, "iterations", None),
        "video": Path(source).name,
        "pairs": pair_count,
    }
    if len(folder) >= pair_count:
        _require_origin(folder, origin, pair_count)
        yield from range(pair_count)
        return
    with locked(folder.clip, "flow"):
        yield from _go_on(frames, pair_count, folder, maker, origin, source)


def _go_on(
    frames: Iterable[Frame],
    pair_count: int,
    folder: FlowFolder,
    maker: Estimator,
    origin: dict[str, Any],
    source: str,
) -> Iterator[int]:
    folder.require_no_links()
    done = min(len(folder), pair_count)
    _require_origin(folder, origin, done)
    yield from range(done)
    _note_origin(folder, origin)
    pairs = estimate(islice(frames, done, None), maker, source=source)
    for index, pair in enumerate(pairs, start=done):
        folder.write(index, pair)
        yield index


def _require_origin(folder: FlowFolder, origin: dict[str, Any], done: int) -> None:
    """Raise where files of another or unknown origin are incomplete; complete ones may be used."""
    try:
        noted = read_json(_note(folder))
    except InputError:
        noted = origin if done in (0, origin["pairs"]) else None
    if done and noted != origin:
        raise InputError(
            f"{folder.clip}: flow of {done} pairs lies there that was not made by "
            f"{origin['estimator']} from {origin['video']}; remove "
            f"{folder.forward_path(0).parent} and {folder.backward_path(0).parent} to make it anew"
        )


def _note_origin(folder: FlowFolder, origin: dict[str, Any]) -> None:
    make_folder(folder.clip)
    with replacing(_note(folder)) as part:
        part.write_text(json.dumps(origin))


def _note(folder: FlowFolder) -> Path:
    return folder.clip / "flow.json"
