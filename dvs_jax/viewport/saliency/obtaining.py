"""A video's salient points: from the file that is named, from one that lies there, or told anew."""

import logging
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.progress import Track, silently
from dvs_jax.viewport import tracks
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.saliency import motion, queue, stored
from dvs_jax.viewport.saliency.queue import Work

_log = logging.getLogger("dvs_jax")


def points(
    video: Path,
    out: Path,
    file: Path | None = None,
    rate: float = tracks.RATE,
    track: Track = silently,
) -> Points:
    """Return a video's salient points.

    Args:
        video: equirectangular.
        out: where they are written if they have to be told.
        file: of points or maps, which is taken; None to look beside the video and in `out`.
        rate: of maps, a second.
        track: shows the progress.

    Raises:
        InputError: the video or the file cannot be used.
    """
    if file is not None:
        return stored.points_of(file, rate)
    checksum = stored.sha256(video)
    for folder in (video.parent, out):
        there = folder / f"{video.stem}{stored.SUFFIX}"
        if there.is_file():
            found = stored.read(there)
            if found.video_sha256 == checksum:
                return found.points
            _log.warning("%s: is of another video than %s, and not used", there, video)
    (outcome,) = queue.run([video], Work(motion.maps, "motion", out), track)
    if outcome.file is None:
        raise InputError(outcome.reason)
    return stored.read(outcome.file).points
