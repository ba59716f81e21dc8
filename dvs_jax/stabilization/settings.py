"""What is wanted of a clip's results."""

from dataclasses import dataclass
from typing import get_args

from dvs_jax.errors import InputError
from dvs_jax.stabilization.framing import Framing
from dvs_jax.video import encoders
from dvs_jax.warping.host import Border

DEFAULT_CROP = 0.1

DEFAULT_CRF, DEFAULT_PRESET = 20.0, "superfast"
"""Two cores encode full HD in real time, with no visible loss."""

LARGEST_CROP = 0.45

VIDEO_ENDINGS = (".mp4", ".mov")
"""Of the videos that a run writes."""


@dataclass(frozen=True)
class Settings:
    """What is wanted of a clip's results.

    Attributes:
        crop: the most that may be cut off at each side, as a fraction of width and height; frames
            are stabilised less where more would be needed.
        framing: how much is cut off. "fixed": all that the crop allows. "varying": what is needed
            now, changing slowly. "smallest": what the worst frame needs, which takes a second pass
            over the video for a method that reads the pictures. None is "smallest" for one that
            knows all frames before the first is drawn, and else "fixed".
        uncropped: whether to write a second, uncropped video.
        border: what fills pixels that the frame does not cover.
        crf: constant rate factor of the encoder, 0 to 51; less is better. ProRes has none.
        preset: of the encoder, "ultrafast" to "veryslow": time against size.
        encoder: "software" or "hardware"; see `video.encoders.choose`.
        codec: "h264", "hevc", or "prores", written to .mov files; None is HEVC for videos of more
            than 8 bits, and else H.264.
        audio: whether the sound is kept.
        measure: whether to compute the metrics; they need the uncropped video, which is then
            written too.
        force: whether a gyro is gone by that does not tell how the pictures moved.
        side_by_side: whether to write a further video, with the input left and the cropped result
            right.
    """

    crop: float = DEFAULT_CROP
    framing: Framing | None = None
    uncropped: bool = False
    border: Border = "black"
    crf: float = DEFAULT_CRF
    preset: str = DEFAULT_PRESET
    encoder: encoders.Kind = "software"
    codec: encoders.Codec | None = None
    audio: bool = True
    measure: bool = False
    force: bool = False
    side_by_side: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where one is impossible."""
        if not 0.0 <= self.crop <= LARGEST_CROP:
            raise InputError(
                f"a crop of {self.crop} is impossible; give 0 to {LARGEST_CROP} of each side"
            )
        choices_of = ("border", Border), ("framing", Framing), ("codec", encoders.Codec)
        for name, allowed in choices_of:
            chosen = getattr(self, name)
            if chosen is not None and chosen not in get_args(allowed):
                choices = ", ".join(get_args(allowed))
                raise InputError(f"no {name} {chosen!r}; choose one of {choices}")

    @property
    def ending(self) -> str:
        """Of the names of the videos."""
        return ".mov" if self.codec == "prores" else ".mp4"

    @property
    def with_uncropped(self) -> bool:
        """Whether the second video is written."""
        return self.uncropped or self.measure
