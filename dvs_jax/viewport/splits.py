"""Splits viewers and videos, before windows are cut, into those to train on and to test on."""

from collections.abc import Sequence

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.viewport.tracks import Track

KINDS = ("both", "viewers", "videos")


def split(
    tracks: Sequence[Track], kind: str, shares: Sequence[float], seed: int
) -> list[list[Track]]:
    """Split tracks into parts that share no viewer, no video, or neither.

    Args:
        tracks: of all viewers and videos.
        kind: what no two parts share: "viewers", "videos" or "both". With "both", tracks of one
            part's viewers on another's videos are in none.
        shares: of the parts, in any unit.
        seed: of the order in which viewers and videos are dealt out.

    Raises:
        InputError: there is no such kind, or too few viewers or videos for the parts.
    """
    if kind not in KINDS:
        raise InputError(f"a split by {kind!r} is none of {', '.join(KINDS)}")
    rng = np.random.default_rng(seed)
    part_of: list[dict[str, int]] = []
    for name, names in (
        ("viewers", {each.viewer for each in tracks}),
        ("videos", {each.video for each in tracks}),
    ):
        dealt = kind in (name, "both")
        part_of.append(_dealt(rng, sorted(names), shares, name) if dealt else {})
    parts: list[list[Track]] = [[] for _ in shares]
    for track in tracks:
        found = {
            part
            for names, name in zip(part_of, (track.viewer, track.video), strict=True)
            if (part := names.get(name)) is not None
        }
        if len(found) == 1:
            parts[found.pop()].append(track)
    if not all(parts):
        raise InputError(
            f"a split by {kind} leaves a part without tracks; give more viewers and videos, or "
            "split by viewers or videos alone"
        )
    return parts


def _dealt(
    rng: np.random.Generator, names: list[str], shares: Sequence[float], noun: str
) -> dict[str, int]:
    if len(names) < len(shares):
        raise InputError(
            f"{len(names)} {noun} cannot be split into {len(shares)} parts; record more"
        )
    bounds = np.cumsum(shares)[:-1] / sum(shares) * len(names)
    # Each part has at least one.
    first = np.arange(1, len(shares))
    bounds = np.clip(np.round(bounds).astype(int), first, len(names) - len(shares) + first)
    parts = np.split(rng.permutation(names), bounds)
    return {str(name): number for number, part in enumerate(parts) for name in part}
