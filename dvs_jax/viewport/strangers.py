"""Viewers whom a network does not know are learned from what is known of them, then scored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.viewport import personalisation, saliency_points, windows
from dvs_jax.viewport.dataset import Dataset, Example
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.tracks import RATE, Track
from dvs_jax.viewport.windows import Windows

OTHERS: Literal["others"] = "others"

Adapt = float | Literal["others"]
"""From what a viewer is learned: the first so many seconds of each video, or other videos."""

_STRIDE = 5
_MOST = 128
"""Windows of other videos, from which a viewer is learned."""


def adapt_of(text: str) -> Adapt:
    """Return what a user says.

    Raises:
        InputError: it is neither "others" nor a number of seconds.
    """
    if text == OTHERS:
        return OTHERS
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"--adapt {text}: give the seconds of each video from which its viewer is learned, or "
            f"{OTHERS} for the viewer's other videos"
        ) from None


def scored(adapt: Adapt) -> tuple[int, int] | None:
    """Return which windows may be scored then, as `windows.cut` takes it."""
    if adapt == OTHERS:
        return None
    # What is predicted begins after what was learned from.
    return round(adapt * RATE) - 1, np.iinfo(np.int32).max


def require_some(networks: Iterable[Network]) -> None:
    """Raise InputError if none of them could learn a viewer."""
    if not any(network.of.viewers for network in networks):
        raise InputError(
            "no network here tells viewers apart, so that none can learn one; leave --adapt away, "
            "or train one with config.data.known_viewers"
        )


def learned(
    network: Network,
    watched: Sequence[Track],
    points: Mapping[str, Points],
    viewer: str,
    video: str,
    adapt: Adapt,
) -> Network:
    """Return a network that takes whom it does not know for a viewer.

    Args:
        network: knows some viewers.
        watched: the viewer's tracks, and others.
        points: salient points of videos by name, of as many of them as are known.
        viewer: who is learned.
        video: which is predicted then.
        adapt: from what.

    Raises:
        InputError: the network knows nobody, or this very viewer; or there is nothing to learn
            from.
    """
    if viewer in network.of.viewers:
        raise InputError(f"viewer {viewer} is known to the network already; leave --adapt away")
    own = [each for each in watched if each.viewer == viewer]
    if adapt == OTHERS:
        own = [each for each in own if each.video != video]
        if not own:
            raise InputError(
                f"viewer {viewer} was recorded with video {video} alone; learn from its first "
                "seconds, by --adapt 10"
            )
        found = windows.cut(own, _STRIDE, network.of.past, network.of.future)
        chosen = np.arange(len(found.last))
    else:
        own = [each for each in own if each.video == video]
        found = windows.cut(own, 1, network.of.past, network.of.future)
        chosen, _ = personalisation.parts(found, adapt)
    if len(chosen) > _MOST:
        chosen = chosen[np.arange(_MOST) * len(chosen) // _MOST]
    known = personalisation.adapted(network, _examples(network, found, points, chosen))
    return personalisation.as_unknown(network, known)


def _examples(
    network: Network, found: Windows, points: Mapping[str, Points], chosen: np.ndarray
) -> Example:
    count = network.of.points
    nothing = np.zeros((0, count, 4), np.float32)
    shown = {
        name: saliency_points.thinned(points.get(name, nothing), count)
        for name in np.unique(found.video).tolist()
    }
    return Dataset(found, shown).examples(chosen, np.zeros(len(chosen), np.uint32))
