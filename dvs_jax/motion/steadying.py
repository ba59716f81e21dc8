"""Pictures steadied as a stream: tracks and grids in, corrected grids out after the look-ahead.

What is steadied is the output of some method, grid by grid: tracks are carried through the grids to
where the output shows them, so what they tell is what is left of the camera's motion there. The
identity grid is the picture as it was filmed.

The state is a pytree; all functions are jitted and can be mapped over clips.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.motion import attached, mesh, plane, planning, rolling_shutter, similarity
from dvs_jax.motion.planning import Law, Laws
from dvs_jax.motion.queue import pushed
from dvs_jax.motion.rolling_shutter import Steps
from dvs_jax.motion.tracking import Tracks
from dvs_jax.warping import grid as grids

_SEARCH_ROUNDS = 8
"""Steps of the search for where a grid shows a point of the source."""

_BESIDE = 0.02
"""Tracks so far outside of what is shown, in widths, still count."""

_SPARE = 0.004
"""Room, in widths, that the plan leaves to the mesh and to the curvature of the grids."""

Grid = Float[quaternion.Array, "rows columns 2"]


class Setting(NamedTuple):
    """What is the same for all frames of a clip.

    Attributes:
        laws: see `planning.laws`.
        vertex: [rows, columns, 2], see `mesh.vertices`.
        aspect: height over width of the picture.
        shown: (x, y) of the lower right corner of what is shown, in the plane of the picture.
        strength: 1 with the mesh, 0 without.
    """

    laws: Laws
    vertex: Float[Array, "rows columns 2"]
    aspect: Float[Array, ""]
    shown: Float[Array, "2"]
    strength: Float[Array, ""]


class State(NamedTuple):
    """Frames that wait, oldest first, and what was shown before them.

    Cameras are over the plane of the oldest waiting frame, displacements relative to its.

    Attributes:
        grid: [waiting, rows, columns, 2], from the method.
        camera: [waiting, 4], the real ones, after the method's correction.
        moved: [waiting, vertex rows, vertex columns, 2], displacements summed.
        shown: [past, 4], the cameras that were shown.
        settled: [past, vertex rows, vertex columns, 2], the slow part of earlier displacements.
        evidence: what the frames so far tell of things fixed to the camera.
        rows: what they tell of the rolling shutter.
    """

    grid: Float[Array, "waiting rows columns 2"]
    camera: Float[Array, "waiting 4"]
    moved: Float[Array, "waiting down across 2"]
    shown: Float[Array, "past 4"]
    settled: Float[Array, "past down across 2"]
    evidence: attached.Evidence
    rows: rolling_shutter.Evidence


def setting(
    size: tuple[float, float], crop: float, rate: float, ahead: int, with_mesh: bool
) -> Setting:
    """Return what is the same for all frames of a clip.

    Args:
        size: width and height of the frames as they are shown; their ratio counts.
        crop: the most that may be cut off at each side, as a share of width and height.
        rate: frames per second.
        ahead: look-ahead in frames.
        with_mesh: whether displacements of parts of the picture are corrected too.
    """
    aspect = size[1] / size[0]
    corner = (0.5 - crop, (0.5 - crop) * aspect)
    laws, vertex = planning.laws(rate, ahead, corner), jnp.asarray(mesh.vertices(aspect))
    return Setting(laws, vertex, *map(jnp.float32, (aspect, corner, with_mesh)))


def begin(setting: Setting, grid: Grid, ahead: int) -> State:
    """Return the state after the first frame; the others of the queue are not known yet."""
    past = setting.laws.first.shape[0]
    still = jnp.zeros((ahead + 1, *setting.vertex.shape), jnp.float32)
    return State(
        jnp.broadcast_to(jnp.asarray(grid, jnp.float32), (ahead + 1, *grid.shape)),
        jnp.zeros((ahead + 1, 4), jnp.float32),
        still,
        jnp.zeros((past, 4), jnp.float32),
        jnp.zeros((past, *setting.vertex.shape), jnp.float32),
        attached.no_evidence(),
        rolling_shutter.no_evidence(),
    )


@jax.jit
def watch(setting: Setting, state: State, tracks: Tracks) -> State:
    """Return the state with what a frame tells of things fixed to the camera.

    Each frame is watched before it is added; where frames wait anyhow, all before the first is.

    Args:
        setting: of the clip.
        state: after the frame before was watched.
        tracks: from the frame before to this one, in fractions of the source frame.
    """
    return state._replace(evidence=attached.after(state.evidence, tracks, _of_longer(setting)))


@jax.jit
def watch_rows(setting: Setting, state: State, tracks: Tracks) -> State:
    """Return the state with what a frame tells of the rolling shutter; after `watch`."""
    earlier, later = (_to_plane(setting, each) for each in tracks[:2])
    of_scene = attached.of_scene(state.evidence, tracks, _of_longer(setting))
    placed = Tracks(earlier, later, tracks.known & of_scene)
    return state._replace(rows=rolling_shutter.after(state.rows, placed, setting.aspect))


@jax.jit
def rectified(setting: Setting, state: State, grid: Grid, steps: Steps) -> Grid:
    """Return a method's grid of a frame with the rolling shutter taken out, as far as it is told.

    Args:
        setting: of the clip.
        state: whose evidence counts.
        grid: leaves the rolling shutter in.
        steps: the motions around the frame.
    """
    readout = rolling_shutter.readout(state.rows)
    point = _to_plane(setting, grid)
    return _to_share(setting, rolling_shutter.in_its_row(point, steps, readout, setting.aspect))


@jax.jit
def add(setting: Setting, state: State, tracks: Tracks, grid: Grid) -> State:
    """Return the state with one more frame, in place of the oldest entry of its queue.

    Args:
        setting: of the clip.
        state: after the frame before; the oldest frame of its queue has been released.
        tracks: from the frame before to this one, in fractions of the source frame.
        grid: the method's, of this frame.
    """
    earlier = _output_plane(setting, state.grid[-1], tracks.earlier)
    later = _output_plane(setting, grid, tracks.later)
    inside = (jnp.abs(later) < setting.shown[None] + _BESIDE).all(axis=-1)
    of_scene = attached.of_scene(state.evidence, tracks, _of_longer(setting))
    found = similarity.fit(earlier, later, tracks.known & inside & of_scene)
    camera = plane.after(state.camera[-1], found.motion)
    beside = mesh.displacement(setting.vertex, later, found.left, found.weight)
    return state._replace(
        grid=pushed(state.grid, grid),
        camera=pushed(state.camera, camera),
        moved=pushed(state.moved, state.moved[-1] + beside),
    )


def _of_longer(setting: Setting) -> Float[Array, "2"]:
    """Return the picture's width and height as shares of the longer one."""
    sides = _sides(setting)
    return sides / sides.max()


def _output_plane(
    setting: Setting, grid: Grid, point: Float[quaternion.Array, "track 2"]
) -> Float[Array, "track 2"]:
    """Return where the output shows points of the source, in the plane of the output's picture."""
    return _to_plane(setting, shown_at(grid, point))


def _to_plane(setting: Setting, share: Float[Array, "*point 2"]) -> Float[Array, "*point 2"]:
    return (share - 0.5) * jnp.broadcast_to(_sides(setting), share.shape)


def _to_share(setting: Setting, point: Float[Array, "*point 2"]) -> Float[Array, "*point 2"]:
    return point / jnp.broadcast_to(_sides(setting), point.shape) + 0.5


def _sides(setting: Setting) -> Float[Array, "2"]:
    """Return the picture's width and height, in widths."""
    return jnp.stack([jnp.ones_like(setting.aspect), setting.aspect])


def shown_at(grid: Grid, source: Float[Array, "track 2"]) -> Float[Array, "track 2"]:
    """Return the output points at which a backward grid shows points of the source.

    Newton's method with the grid's mean derivative: grids are smooth and turn little.
    """
    across = (grid[:, -1] - grid[:, 0]).mean(axis=0)
    down = (grid[-1] - grid[0]).mean(axis=0)
    inverse = jnp.linalg.inv(jnp.stack([across, down], axis=-1))

    def nearer(_: int, point: Float[Array, "track 2"]) -> Float[Array, "track 2"]:
        off = source - grids.at_points(grid, point[:, 1], point[:, 0])
        return point + off @ inverse.T

    middle = grid.mean(axis=(0, 1))
    return jax.lax.fori_loop(0, _SEARCH_ROUNDS, nearer, 0.5 + (source - middle[None]) @ inverse.T)


@jax.jit
def settle(setting: Setting, state: State) -> State:
    """Return the state with a past that leads up smoothly to the frames that wait.

    To be called once, when the queue has filled for the first time.
    """
    first = setting.laws.first
    settled = jnp.einsum("pw,wrcx->prcx", first, state.moved)
    return state._replace(shown=first @ state.camera, settled=settled)


@jax.jit
def release(setting: Setting, state: State) -> tuple[State, Grid]:
    """Return the corrected grid of the oldest frame that waits, and the state without it."""
    planned, slow = _planned(setting, setting.laws.within, state)
    corrected = _corrected(setting, state.grid[0], planned[0], slow[0])
    origin, still = state.camera[1], state.moved[1]
    return state._replace(
        camera=plane.seen_from(origin, state.camera),
        moved=state.moved - still[None],
        shown=plane.seen_from(origin, pushed(state.shown, planned[0])),
        settled=pushed(state.settled, slow[0]) - still[None],
    ), corrected


@jax.jit
def finish(setting: Setting, state: State) -> Float[Array, "waiting rows columns 2"]:
    """Return the corrected grids of all frames that wait; no more follow."""
    planned, slow = _planned(setting, setting.laws.ending, state)
    correct = jax.vmap(partial(_corrected, setting))
    relative = plane.seen_from(state.camera, planned)
    return correct(state.grid, relative, slow - state.moved)


def _planned(
    setting: Setting, law: Law, state: State
) -> tuple[Float[Array, "waiting 4"], Float[Array, "waiting down across 2"]]:
    """Return the cameras and the slow part of displacements of the frames that wait, as planned."""
    known = jnp.concatenate([state.shown, state.camera])
    room = jax.vmap(partial(_room, setting))(state.grid)
    planned = planning.plan(law, known, setting.laws.corner, jnp.moveaxis(room, 0, 1))
    moved = jnp.concatenate([state.settled, state.moved])
    return planned, jnp.einsum("wk,krcx->wrcx", law.smooth, moved)


def _room(setting: Setting, grid: Grid) -> Float[Array, "2 4 2"]:
    """Return how far each corner of what is shown may look elsewhere: at least, and at most."""
    share = _to_share(setting, setting.laws.corner)
    at = _to_plane(setting, grids.at_points(grid, share[:, 1], share[:, 0]))
    edge = jnp.broadcast_to(0.5 * _sides(setting) - _SPARE, at.shape)
    return jnp.stack([jnp.minimum(-edge - at, 0.0), jnp.maximum(edge - at, 0.0)])


def _corrected(
    setting: Setting, grid: Grid, planned: Float[Array, "4"], slow: Float[Array, "down across 2"]
) -> Grid:
    """Return a grid behind which the camera is the planned one.

    Args:
        setting: of the clip.
        grid: the method's.
        planned: the camera, over the plane of the output's picture.
        slow: displacements that stay, relative to the frame's own: what is fast is −slow.
    """
    rows, columns = grid.shape[:2]
    output = _to_plane(setting, jnp.asarray(grids.output_points(rows, columns), jnp.float32))
    at = plane.plane_of(output.reshape(-1, 2), planned)
    fast = jnp.clip(-slow, -mesh.FURTHEST, mesh.FURTHEST) * setting.strength
    share = jnp.clip(_to_share(setting, at), 0.0, 1.0)
    at = _to_share(setting, at + grids.at_points(fast, share[:, 1], share[:, 0]))
    return grids.at_points(grid, at[:, 1], at[:, 0]).reshape(grid.shape)
