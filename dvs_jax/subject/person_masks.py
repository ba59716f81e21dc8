"""A person's masks through a clip, at the size of its frames: from the networks to the pictures."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import av
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.subject import mask, mask_memory, mask_networks
from dvs_jax.subject.background import Background, Mask, replaced
from dvs_jax.subject.mask import Outline
from dvs_jax.subject.mask_memory import Remembered
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.pose import Poses
from dvs_jax.tflite import Network
from dvs_jax.video.conversion import ToRgb

Picture = UInt8[np.ndarray, "height width 3"]


@dataclass(eq=False)
class PersonMasks:
    """Makes the masks of one person, frame after frame.

    Attributes:
        landmarks: see `landmarks.poses_and_masks`.
        selfie: see `mask.outline`.
        time_s: float64 [frame], of the clip's frames.
        anchor: float64 [frame, 2], (x, y) of the person's smoothed anchor in pixels, NaN where
            absent.
        cuts: frames that begin a new shot, over which nothing is remembered.
    """

    landmarks: Network
    selfie: Network | None
    time_s: Float[np.ndarray, " frame"]
    anchor: Float[np.ndarray, "frame 2"]
    cuts: frozenset[int] = frozenset()
    _memory: Remembered | None = field(default=None, init=False)

    def of(self, picture: Picture, pose: Poses | None, index: int) -> Mask | None:
        """Return a frame's mask; frames are given in order.

        Args:
            picture: RGB, upright.
            pose: the person's in it, None where he was not seen.
            index: of the frame.

        Returns:
            float32 in 0…1, the probability that a pixel shows the person; None where none was
            found, nor in the half second before, or the person is absent.
        """
        size = self.landmarks.input_shapes[0][0]
        place = self.anchor[index]
        if np.isnan(place).any():
            self._memory = None
            return None
        if self._memory is None or index in self.cuts:
            self._memory = mask_memory.nothing(size)
        seen, region = self._seen(picture, pose, size)
        anchor, time_s = (jnp.asarray(each, jnp.float32) for each in (place, self.time_s[index]))
        self._memory = mask_memory.following(self._memory, seen, region, anchor, time_s)
        if not self._memory.counts:
            return None
        height, width, _ = picture.shape
        return mask_networks.enlarged(
            np.asarray(self._memory.mask), self._memory.region, width, height
        )

    def _seen(self, picture: Picture, pose: Poses | None, size: int) -> tuple[Outline, mask.Region]:
        if pose is None:
            start = mask_memory.nothing(size)
            return Outline(start.mask, jnp.zeros((), bool)), start.region
        region = mask.region_of(pose)
        alone = jax.tree.map(lambda each: each[None], region)
        seen = mask.outline(self.landmarks, jnp.asarray(picture[None]), alone, self.selfie)
        return jax.tree.map(lambda each: each[0], seen), region


class Person(NamedTuple):
    """The person of a frame.

    Attributes:
        picture: RGB, black where the person is not.
        mask: float32 in 0…1, the probability that a pixel shows the person.
    """

    picture: Picture
    mask: Mask


def people(
    masks: PersonMasks, pictures: Iterable[Picture], poses: Iterable[Poses | None]
) -> Iterator[Person | None]:
    """Yield the person of each frame of a clip, None where no mask was found.

    Args:
        masks: of the clip.
        pictures: RGB, upright, all of them in order.
        poses: of each, None where the person was not seen.
    """
    for index, (picture, pose) in enumerate(zip(pictures, poses, strict=True)):
        share = masks.of(picture, pose, index)
        yield None if share is None else Person(cut_out(picture, share), share)


def cut_out(picture: Picture, share: Mask) -> Picture:
    """Return what a picture shows of a person, on black."""
    return np.rint(picture * share[..., None]).astype(np.uint8)


@dataclass(eq=False)
class Editing:
    """Changes the stored pictures of a clip: see `drawing.Edit`.

    Attributes:
        masks: of the person.
        to_rgb: of the clip's video.
        orientation: of its pictures.
        background: what to draw around the person; None to leave the pictures as they are.
        write: is given each frame's mask, RGB, stored, black where there is no person.
    """

    masks: PersonMasks
    to_rgb: ToRgb
    orientation: Orientation
    background: Background | None = None
    write: Callable[[Picture, int], None] | None = None

    def __call__(self, picture: av.VideoFrame, pose: Poses | None, index: int) -> av.VideoFrame:
        """Return the picture with its background; where no mask is found, as it is."""
        upright = self.orientation.upright(self.to_rgb(picture))
        found = self.masks.of(upright, pose, index)
        stored = None if found is None else self.orientation.stored(found)
        if self.write is not None:
            self.write(_grey(stored, (picture.height, picture.width)), index)
        if stored is None or self.background is None:
            return picture
        return replaced(picture, stored, self.background)


def _grey(stored: Mask | None, shape: tuple[int, int]) -> Picture:
    level = np.zeros(shape) if stored is None else np.rint(255 * stored)
    return np.repeat(level.astype(np.uint8)[..., None], 3, axis=-1)
