"""People who walk through a synthetic clip, with the exact tracks of their points.

Each is a flat picture that stands upright, parallel to the picture's plane of a camera that looks
ahead, is drawn anew for each frame and walks at an even pace; the camera shakes as its clip says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, UInt8

from dvs_jax.synthetic import figure
from dvs_jax.synthetic.billboard import Billboard, covers, intersect, sight
from dvs_jax.synthetic.clip import SyntheticClip, seconds_since_start
from dvs_jax.synthetic.cutouts import paint_panel
from dvs_jax.synthetic.figure import Gait
from dvs_jax.synthetic.ground import CAMERA_HEIGHT_M
from dvs_jax.synthetic.recording import Recording, record, view_of
from dvs_jax.synthetic.render import coverage, render
from dvs_jax.synthetic.scene import Scene
from dvs_jax.synthetic.view import View, project

_TOUCHING = 1.0 + 1e-6
"""Inverse distance, by a point's own, above which a surface hides the point."""

_RIGHT, _DOWN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Walker:
    """Someone who walks.

    Attributes:
        start_m: (x, z) on the ground at time 0, metres to the right of and before the camera.
        velocity_m_s: (x, z), metres a second.
        gait: how.
        seed: of the clothes.
    """

    start_m: tuple[float, float]
    velocity_m_s: tuple[float, float]
    gait: Gait = field(default_factory=Gait)
    seed: int = 0

    @property
    def heading(self) -> float:
        """Radians: 0 to the right, π/2 towards the camera."""
        return float(np.arctan2(-self.velocity_m_s[1], self.velocity_m_s[0]))


@dataclass(frozen=True)
class Panel:
    """A board that stands before walkers and hides them.

    Attributes:
        place_m: (x, z) of its foot's middle, metres.
        width_m: metres.
        height_m: metres.
    """

    place_m: tuple[float, float]
    width_m: float = 0.8
    height_m: float = 2.4


@dataclass(frozen=True)
class Walk:
    """A clip with people.

    Attributes:
        recording: what the camera does, and the surroundings.
        walkers: the people.
        panels: what hides them. Nothing else does: what the surroundings have nearer than they
            is left out.
    """

    recording: Recording
    walkers: tuple[Walker, ...]
    panels: tuple[Panel, ...] = ()


def make_walk(clip: SyntheticClip, walkers: Sequence[Walker], panels: Sequence[Panel] = ()) -> Walk:
    """Let people walk through a clip."""
    return Walk(record(clip), tuple(walkers), tuple(panels))


def render_walk(walk: Walk, index: int) -> UInt8[np.ndarray, "height width 3"]:
    """Return frame `index`, RGB."""
    scene = _surroundings(walk)
    boards = [*scene.billboards, *_panels(walk), *_figures(walk, index)]
    return render(replace(scene, billboards=boards), view_of(walk.recording, index))


def silhouette(walk: Walk, walker: int, index: int) -> Float[np.ndarray, "height width"]:
    """Return the share of each pixel of frame `index` that shows a walker, 0…1."""
    figures = _figures(walk, index)
    others = [*_panels(walk), *figures[:walker], *figures[walker + 1 :]]
    return coverage(figures[walker], others, view_of(walk.recording, index))


def tracks(
    walk: Walk,
) -> tuple[Float[np.ndarray, "walker frame 33 2"], Bool[np.ndarray, "walker frame 33"]]:
    """Return where BlazePose's 33 points of each walker are, exactly, in each frame.

    Returns:
        (x, y) in pixels, integers at pixel centres, float64; and whether nothing hides the point,
        neither a panel nor another walker (his own limbs do not count), and it is in the frame.
    """
    frames = [_points(walk, index) for index in range(walk.recording.clip.frame_count)]
    places, visible = zip(*frames, strict=True)
    return np.stack(places, axis=1), np.stack(visible, axis=1)


def _points(
    walk: Walk, index: int
) -> tuple[Float[np.ndarray, "walker 33 2"], Bool[np.ndarray, "walker 33"]]:
    view, panels = view_of(walk.recording, index), _panels(walk)
    # One who is alone needs not be painted.
    figures = _figures(walk, index) if len(walk.walkers) > 1 else []
    places, visible = [], []
    for number, walker in enumerate(walk.walkers):
        point = _world(walk, walker, index)
        pixel, seen_from, line = project(view, point, np.zeros_like(point), np.ones(len(point)))
        others = [*panels, *figures[:number], *figures[number + 1 :]]
        places.append(pixel)
        visible.append(_inside(pixel, view) & ~_hidden(others, view, seen_from.T, line.T))
    return np.stack(places), np.stack(visible)


def _hidden(
    others: list[Billboard],
    view: View,
    origin: Float[np.ndarray, "3 point"],
    sight_line: Float[np.ndarray, "3 point"],
) -> Bool[np.ndarray, "point"]:
    """Return whether something is nearer than the points at the lines of sight's ends."""
    hidden = np.zeros(sight_line.shape[1], bool)
    for sighting in sight(others, view) if others else []:
        inverse, across, down = intersect(sighting.billboard, origin, sight_line)
        hidden |= (inverse > _TOUCHING) & covers(sighting.billboard.cutout, across, down)
    return hidden


def _inside(pixel: Float[np.ndarray, "point 2"], view: View) -> Bool[np.ndarray, "point"]:
    x, y = pixel.T
    return (x >= 0) & (x <= view.size[0] - 1) & (y >= 0) & (y <= view.size[1] - 1)


def _time_s(walk: Walk, index: int) -> float:
    """Return when a frame's middle row is exposed."""
    frames = walk.recording.frames
    time_ns = frames.time_ns[index : index + 1] + frames.readout_ns[index : index + 1] // 2
    return float(seconds_since_start(time_ns)[0])


def _foot(walk: Walk, walker: Walker, index: int) -> tuple[float, float]:
    time_s = _time_s(walk, index)
    x, z = (at + time_s * by for at, by in zip(walker.start_m, walker.velocity_m_s, strict=True))
    return x, z


def _world(walk: Walk, walker: Walker, index: int) -> Float[np.ndarray, "33 3"]:
    x, z = _foot(walk, walker, index)
    joints = figure.joints(walker.gait, np.array(_time_s(walk, index)))
    right, up = np.moveaxis(figure.seen(joints, walker.heading), -1, 0)
    return np.stack([x + right, CAMERA_HEIGHT_M - up, np.full_like(up, z)], axis=-1)


def _figures(walk: Walk, index: int) -> list[Billboard]:
    clip = walk.recording.clip
    boards = []
    for walker in walk.walkers:
        x, z = _foot(walk, walker, index)
        texel_m = max(z, 1.0) / (clip.focal_length * clip.size[0])
        joints = figure.joints(walker.gait, np.array(_time_s(walk, index)))
        cutout = figure.paint(joints, walker.heading, walker.seed, texel_m)
        corner = x - figure.WIDTH_M / 2, CAMERA_HEIGHT_M - figure.TOP_M, z
        boards.append(Billboard(cutout, corner, _RIGHT, _DOWN))
    return boards


def _panels(walk: Walk) -> list[Billboard]:
    clip = walk.recording.clip
    boards = []
    for panel in walk.panels:
        x, z = panel.place_m
        texel_m = max(z, 1.0) / (clip.focal_length * clip.size[0])
        cutout = paint_panel(clip.seed, panel.width_m, panel.height_m, texel_m)
        corner = x - panel.width_m / 2, CAMERA_HEIGHT_M - panel.height_m, z
        boards.append(Billboard(cutout, corner, _RIGHT, _DOWN))
    return boards


def _surroundings(walk: Walk) -> Scene:
    """Return the clip's scene without what stands nearer than a walker ever gets."""
    scene, last = walk.recording.scene, walk.recording.clip.frame_count - 1
    ends = [_foot(walk, walker, index)[1] for walker in walk.walkers for index in (0, last)]
    far = [board.corners[:, 2].min() > max(ends) for board in scene.billboards]
    # A shadow lies at the same place in its list as its billboard.
    kept = [
        [board for board, is_far in zip(boards, far, strict=True) if is_far]
        for boards in (scene.billboards, scene.shadows)
    ]
    return replace(scene, billboards=kept[0], shadows=kept[1])
