"""One clip's flow and network on devices: the stretches fed to a lane, and the resulting poses."""

from collections.abc import Iterable, Iterator

import jax
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.flow.stillness import is_still
from dvs_jax.fused.on_devices import Followed, FollowStretch
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.methods.stretch import FRAMES, Stretch, chunks, cut, filled, starts

Image = UInt8[np.ndarray, "height width 3"]


class FollowTask:
    """The task of predicting the virtual path of one clip."""

    def __init__(
        self,
        features: StepFeatures,
        lens: Float[np.ndarray, "frame 2"],
        focal: Float[np.ndarray, "2"],
        frames: Iterable[Image] | None,
    ):
        """Describe the clip of N frames.

        Args:
            features: float32 [N − 1, ...], one entry a step, with `flow` [N − 1, 0].
            lens: [N, 2], lens shift of the OIS log at each frame; see `FollowStretch`.
            focal: of the camera; see `FollowStretch`.
            frames: N of them, RGB, at the size at which flow is computed; None for a network
                without.
        """
        # The first frame has no step, but needs a row.
        self._features = jax.tree.map(lambda array: np.concatenate([array[:1], array]), features)
        lens = np.concatenate([lens[:1], lens]).astype(np.float32)
        self._lens = np.stack([lens[:-1], lens[1:]], axis=1)
        self._focal = np.float32(focal)
        self._images = frames
        self._parts: list[Followed] = []

    def __len__(self) -> int:
        return len(self._lens)

    @property
    def followed(self) -> Followed:
        """The virtual poses of all frames, once the task is closed; float32, not normalised."""
        return Followed(*map(np.concatenate, zip(*self._parts, strict=True)))

    def feed(self) -> Iterator[Stretch]:
        """Yield a `FollowStretch` for each stretch."""
        for start, (frames, still) in zip(starts(len(self)), self._pictures(), strict=False):
            lens = cut(self._lens, start)
            arrays = FollowStretch(
                is_first=np.array(start == 0),
                features=cut(self._features, start),
                frames=frames,
                still=still,
                lens=np.concatenate([lens[:1, 0], lens[:, 1]]),
                focal=self._focal,
            )
            yield Stretch(arrays, min(FRAMES, len(self) - start))

    def take(self, output: Followed, count: int) -> None:
        """Keep a stretch's poses."""
        self._parts.append(Followed(*(each[:count] for each in output)))

    def close(self, error: BaseException | None) -> None:
        """Do nothing, as nothing is open."""

    def _pictures(self) -> Iterator[tuple[UInt8[np.ndarray, "frame height width 3"], np.ndarray]]:
        if self._images is None:
            none = np.zeros((FRAMES, 0, 0, 3), np.uint8), np.zeros(FRAMES, bool)
            yield from (none for _ in starts(len(self)))
            return
        previous: Image | None = None
        for chunk in chunks(self._images):
            before = [chunk[0] if previous is None else previous, *chunk[:-1]]
            still = np.array([is_still(*pair) for pair in zip(before, chunk, strict=True)])
            # The `still` flags of padded frames are not used.
            yield filled(np.stack(chunk)), filled(still)
            previous = chunk[-1]
