"""Two monitors that play in step: the original, and the result."""

import base64
import html
import tempfile
from pathlib import Path

from dvs_jax.clip import Clip, load_clip
from dvs_jax.notebook.page import FOLDER, Page, page
from dvs_jax.notebook.preview import write_preview
from dvs_jax.video import VideoInfo

_LABELS = "Original", "Stabilised"

_EMBEDDED_S = 30.0


def player(
    original: Clip | str | Path,
    result: str | Path,
    labels: tuple[str, str] = _LABELS,
    seconds: float = _EMBEDDED_S,
    longest_side: int = 640,
) -> Page:
    """Return a player of a clip and of a video that was made of it, both embedded in it.

    Args:
        original: a clip, or a video's path.
        result: the path of the video, with as many pixels.
        labels: above the original, and above the result.
        seconds: what comes after is left out.
        longest_side: most pixels of either's width and height; larger ones are reduced.

    Raises:
        InputError: one of them cannot be read.
    """
    clip = original if isinstance(original, Clip) else load_clip(original, read_sensors=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "both.mp4")
        shown = write_preview(clip, Path(result), file, longest_side, seconds)
        encoded = base64.b64encode(file.read_bytes()).decode()
    return player_of(f"data:video/mp4;base64,{encoded}", shown, labels)


def player_of(address: str, shown: VideoInfo, labels: tuple[str, str] = _LABELS) -> Page:
    """Return a player of a video that `write_preview` wrote.

    Args:
        address: of the video; a data URL embeds it.
        shown: what `write_preview` returned.
        labels: above the original, and above the result.
    """
    original, result, video = map(html.escape, (*labels, address))
    return page(
        FOLDER / "player.html",
        height=420,
        original=original,
        result=result,
        video=video,
        step=f"{1.0 / float(shown.frame_rate):.6f}",
        silent="" if shown.has_audio else "hidden",
    )
