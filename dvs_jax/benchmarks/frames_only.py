"""Speed of stabilising by frames alone, end to end, compared with a plain transcode."""

from functools import partial
from pathlib import Path

from flax import nnx

from dvs_jax.benchmarks import ways
from dvs_jax.benchmarks.pipeline import sample_clip
from dvs_jax.benchmarks.report import Report
from dvs_jax.benchmarks.ways import EndToEnd
from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Method
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabilization.run import stabilize
from dvs_jax.stabnet.official_method import OfficialStabNetMethod
from dvs_jax.stabnet.official_network import OfficialNetwork
from dvs_jax.whole_file import scratch

ROUNDS = 3

MODELS = ("stabnet", "stabgan")

_REPEATS = 2
"""Of the four seconds that are rendered without a clip."""

_OFFICIAL = "StabNet as published, random weights"
_PUBLISHED = 5.0
"""Frames/s on a 2.7 GHz CPU, the middle of the 3 to 7 that a user of the authors' program got."""


def measure(source: Path | None, models: list[str] | None, track: Track = silently) -> Report:
    """Time networks that read frames alone, and StabNet as it was published, all in one run.

    Args:
        source: a clip; without one, 8 s of full HD are rendered.
        models: names or paths of networks; None takes those of `MODELS`.
        track: reports the rounds.

    Raises:
        InputError: a model reads more than frames; or the clip is a folder of images, which cannot
            be transcoded, or cannot be read.
    """
    methods = {name: _by_frames(name) for name in models or MODELS}
    with scratch() as folder:
        clip = load_clip(source or sample_clip(folder, track, _REPEATS))
        ways.require_video_file(clip)
        return report_of(
            clip, ways.end_to_end(clip, _ways(clip, methods, folder), folder, ROUNDS, track)
        )


def report_of(clip: Clip, timed: list[EndToEnd]) -> Report:
    """Return the report of a clip."""
    ratios = {f"time of {each.name} over the transcode's": each.time_ratio for each in timed[1:]}
    official = next(each for each in timed if each.name == _OFFICIAL)
    ratios["published StabNet's frames/s here over the 5 of a 2.7 GHz CPU"] = (
        official.frames_per_s / _PUBLISHED
    )
    about = {"clip": str(clip.video.path), "size": clip.size, "frames": clip.frame_count}
    return Report("frames-only", (ways.table(clip, timed, ROUNDS),), ratios, details=about)


def _by_frames(name: str) -> Method:
    method = load_model(name)
    if method.needs:
        raise InputError(f"{name}: reads {', '.join(sorted(method.needs))}, not frames alone")
    return method


def _ways(clip: Clip, methods: dict[str, Method], folder: Path) -> dict[str, ways.Way]:
    run = partial(stabilize, clip, folder / "out")
    found: dict[str, ways.Way] = {}
    for name, method in methods.items():
        found[name] = partial(run, model=method)
        found[f"{name}, --refine none"] = partial(run, model=method, refine="none")
    found[_OFFICIAL] = partial(run, model=OfficialStabNetMethod(_random()), refine="none")
    return found


def _random() -> OfficialNetwork:
    network = OfficialNetwork(nnx.Rngs(0))
    network.eval()
    return network
