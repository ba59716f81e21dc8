"""A sample of what a network in training makes of a clip, as a picture to look at."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.training.board import Picture
from dvs_jax.warping import grid

_INCHES, _DPI = (10.0, 6.0), 80
_FILMED, _MADE = "#2ca02c", "#1f5fd0"


def drawn(
    filmed: UInt8[np.ndarray, "height width 3"],
    source: Float[np.ndarray, "rows columns 2"],
    before: Float[np.ndarray, "frame 2"],
    after: Float[np.ndarray, "frame 2"],
) -> Picture:
    """Draw a frame as filmed, with the grid by which it is warped, as warped, and the paths.

    Args:
        filmed: the frame, RGB.
        source: its backward grid, see `methods.Frame`.
        before: x and y of the path as filmed, in pixels.
        after: of the path that the output shows.

    Returns:
        uint8 [height, width, 3], RGB.
    """
    # Imported here, since it takes half a second that would delay the start of a run.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(_INCHES, _DPI, layout="constrained")
    shown, paths = figure.subplots(2, 2)
    place = source * np.array(filmed.shape[1::-1]) - 0.5
    shown[0].imshow(filmed)
    shown[0].plot(*place.transpose(2, 0, 1), *place.transpose(2, 1, 0), color="yellow")
    shown[1].imshow(_warped(filmed, source))
    for axes, title in zip(shown, ("filmed", "made of it"), strict=True):
        axes.set(title=title, xticks=[], yticks=[])
    for number, (axes, name) in enumerate(zip(paths, ("x", "y"), strict=True)):
        axes.plot(before[:, number], color=_FILMED, label="filmed")
        axes.plot(after[:, number], color=_MADE, label="made of it")
        axes.set(title=f"path, {name}", xlabel="frame", ylabel="pixels")
    paths[0].legend()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _warped(
    filmed: UInt8[np.ndarray, "height width 3"], source: Float[np.ndarray, "rows columns 2"]
) -> UInt8[np.ndarray, "height width 3"]:
    down, across = ((np.arange(length) + 0.5) / length for length in filmed.shape[:2])
    place = grid.at(source, down, across) * np.array(filmed.shape[1::-1]) - 0.5
    return cv2.remap(filmed, place.astype(np.float32), None, cv2.INTER_LINEAR)
