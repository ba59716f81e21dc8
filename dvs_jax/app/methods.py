"""The methods that the page offers, and what each is good for."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.stabilization import load_model
from dvs_jax.stabilization.models import DEFAULT_MODEL


@dataclass(frozen=True)
class Choice:
    """A method as the page offers it.

    Attributes:
        name: what it is called.
        good_for: a line on what it is good for.
        given: the arguments of `stabilize` that choose it, with networks by their names.
        reads_gyro: whether it goes by a gyro; it then has a strength and can keep a level horizon.
    """

    name: str
    good_for: str
    given: dict[str, Any] = dataclasses.field(default_factory=dict)
    reads_gyro: bool = True

    @property
    def label(self) -> str:
        """What the page lists."""
        return f"{self.name} – {self.good_for}"


_BY_PICTURES = Choice(
    "Pictures alone", "any video; what moves in it is tracked, no sensor needed", {}, False
)

CHOICES = {
    "auto": Choice("Automatic", "the first one below that the video has the sensors for"),
    "fused": Choice("Fused network", "steadiest; gyro, lens and pictures", {"model": "fused"}),
    "pictures": _BY_PICTURES,
    "gyro_only": Choice(
        "Gyro network", "dark or blurred pictures, which tell no motion", {"model": "gyro_only"}
    ),
    "adaptive": Choice(
        "Adaptive smoother", "pans and turns; quick, no network", {"smoother": "adaptive"}
    ),
    "gaussian": Choice(
        "Gaussian smoother", "an even hand; quick, no network", {"smoother": "gaussian"}
    ),
    "savitzky-golay": Choice(
        "Savitzky–Golay smoother", "follows fast moves closely", {"smoother": "savitzky-golay"}
    ),
    "exponential": Choice(
        "Exponential smoother", "sees no later frame; lags behind", {"smoother": "exponential"}
    ),
    "stabnet": Choice(
        "StabNet",
        "sees no later frame and no sensor, as a live camera",
        {"model": "stabnet"},
        False,
    ),
    "stabgan": Choice(
        "StabGAN",
        "shifts, turns and zooms alone, which bend nothing; no sensor",
        {"model": "stabgan"},
        False,
    ),
}


def chosen(name: str, clip: Clip, steered: bool) -> tuple[Clip, dict[str, Any]]:
    """Return what `stabilize` takes for a choice: the clip as the method sees it, and arguments.

    Args:
        name: one of `CHOICES`.
        clip: what is to be stabilised.
        steered: whether a strength or a level horizon is wanted.

    Raises:
        InputError: there is no such choice, the clip has no gyro and the method needs it, or it
            cannot be steered.
    """
    if name not in CHOICES:
        raise InputError(f"there is no method {name!r}")
    if name == "auto":
        name = "pictures" if clip.sensors is None else DEFAULT_MODEL
    choice = CHOICES[name]
    if steered and not choice.reads_gyro:
        raise InputError(
            f"{choice.name}: has neither a strength nor a level horizon, which need a gyro log "
            "and one of the other methods; leave both as they are"
        )
    if choice.reads_gyro and clip.sensors is None:
        raise InputError(
            f"{choice.name}: needs the gyro, which this video was recorded without; add its log, "
            f"or choose {_BY_PICTURES.name.lower()}"
        )
    given = dict(choice.given)
    if "model" in given:
        given["model"] = load_model(given["model"])
    return clip if choice.reads_gyro else dataclasses.replace(clip, sensors=None), given
