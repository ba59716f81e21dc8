"""360° videos of moving blobs, in scenes, and how salient each direction is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.viewport import sphere

LENGTH_S = 30.0
BLOBS = 3
"""The main blob, which comes first, and up to two others."""

HEIGHT, WIDTH = 32, 64
"""Of the saliency maps."""

_SIGMA = np.radians(10.0)
_NOISE = 0.05
_SHORTEST_S, _LONGEST_S = 3.0, 6.0
_STEEPEST = np.radians(30.0)
_NEAREST, _FARTHEST = np.radians((40.0, 140.0))
_FASTEST = np.radians(15.0)


@dataclass(frozen=True)
class Video:
    """The scenes of a video.

    Attributes:
        begin_s: float64 [scene], when each begins, from 0.
        start: float64 [scene, blob, 3], where its blobs are then.
        heading: float64 [scene, blob, 3], unit tangents of the great circles on which they move.
        speed: float64 [scene, blob], radians per second.
        weight: float64 [scene, blob]: 1 for the main blob, 0 where there is none.
    """

    begin_s: Float[np.ndarray, "scene"]
    start: Float[np.ndarray, "scene blob 3"]
    heading: Float[np.ndarray, "scene blob 3"]
    speed: Float[np.ndarray, "scene blob"]
    weight: Float[np.ndarray, "scene blob"]

    def scene(self, time_s: Float[np.ndarray, "*batch"]) -> Int[np.ndarray, "*batch"]:
        """Return which scene is shown at times; −1 before the first."""
        return np.searchsorted(self.begin_s, time_s, side="right") - 1

    def place(
        self,
        scene: Int[np.ndarray, "*batch"],
        blob: Int[np.ndarray, "*batch"],
        time_s: Float[np.ndarray, "*batch"],
    ) -> Float[np.ndarray, "*batch 3"]:
        """Return where blobs of scenes are; they go on where their scene has ended."""
        angle = self.speed[scene, blob] * (time_s - self.begin_s[scene])
        return sphere.along(self.start[scene, blob], self.heading[scene, blob], angle)


def draw(rng: np.random.Generator) -> Video:
    """Draw a video."""
    begin = [0.0]
    while begin[-1] < LENGTH_S:
        begin.append(begin[-1] + rng.uniform(_SHORTEST_S, _LONGEST_S))
    scenes = len(begin) - 1
    azimuth = rng.uniform(0.0, 2.0 * np.pi, (scenes, BLOBS))
    latitude = rng.uniform(-_STEEPEST, _STEEPEST, (scenes, BLOBS))
    start = sphere.from_angles(azimuth, np.pi / 2.0 - latitude)
    for scene in range(1, scenes):
        start[scene, 0] = _away(rng, start[scene - 1, 0])
    others = rng.integers(0, BLOBS, scenes)
    shown = np.arange(1, BLOBS) <= others[:, None]
    weight = np.ones((scenes, BLOBS))
    weight[:, 1:] = np.where(shown, rng.uniform(0.3, 0.6, shown.shape), 0.0)
    return Video(
        begin_s=np.array(begin[:-1]),
        start=start,
        heading=sphere.tangent(start, rng.standard_normal(start.shape)),
        speed=rng.uniform(0.0, _FASTEST, (scenes, BLOBS)),
        weight=weight,
    )


def _away(rng: np.random.Generator, last: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Draw where the next main blob begins: neither near the last one's begin nor opposite."""
    while True:
        away = rng.uniform(_NEAREST, _FARTHEST)
        found = sphere.along(last, sphere.tangent(last, rng.standard_normal(3)), np.array(away))
        if abs(found[2]) <= np.sin(_STEEPEST):
            return found


def saliency(
    video: Video, time_s: Float[np.ndarray, "step"], rng: np.random.Generator
) -> Float[np.ndarray, "step height width"]:
    """Return maps of the saliency at times, float32 in [0, 1]: blobs, and noise in each pixel."""
    scene = video.scene(time_s)
    blobs = np.arange(BLOBS)
    place = video.place(scene[:, None], blobs, time_s[:, None])
    cosine = np.einsum("tbd,hwd->tbhw", place, sphere.pixel_directions(HEIGHT, WIDTH))
    shape = np.exp((cosine.astype(np.float32) - 1.0) / _SIGMA**2)
    maps = np.einsum("tb,tbhw->thw", video.weight[scene], shape)
    maps = (maps + _NOISE * rng.random(maps.shape)).astype(np.float32)
    lowest, highest = (edge(maps, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    return (maps - lowest) / (highest - lowest)
