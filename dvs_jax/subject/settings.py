"""What is wanted of a clip whose person is kept in place."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from dvs_jax.errors import InputError
from dvs_jax.subject import mask as masks
from dvs_jax.subject.anchor import LEAST_PRESENCE, AnchorName, named
from dvs_jax.subject.anchor_path import Smoothing
from dvs_jax.subject.colour import require_colour
from dvs_jax.video import encoders

Framing = Literal["fixed", "varying", "smallest"]

Refine = Literal["none", "flow"]

NAMED_BORDERS = ("reflect", "replicate", "zoom")
"""What a border may be besides a colour."""

MOST_ZOOM = 10.0

DEFAULT_CRF, DEFAULT_PRESET = 20.0, "superfast"


@dataclass(frozen=True)
class Settings:
    """What is wanted.

    Attributes:
        person: who is kept in place, see `choice.choose`; None for the likeliest.
        anchor: which of the person's points.
        target: where in the picture, see `position.place`.
        smoothing: of the anchor's track.
        min_confidence: presence of the anchor's points from which on they count.
        refine: "flow" refines the track by the flow of the person's torso, in a pass of its own;
            "none" leaves that out.
        roll_lock: whether the person is kept upright too.
        scale_lock: whether the person is kept at one size too.
        border: what is shown beyond the picture's edges: "reflect" mirrors it, "replicate" repeats
            its outermost pixels, a colour such as "black" or "#204060"; "zoom" enlarges the picture
            instead.
        framing: with the border "zoom": "fixed" enlarges by `max_zoom` always, "varying" by what is
            needed now, changing slowly, "smallest" by what the worst frame needs.
        max_zoom: the most that "zoom" enlarges by; beyond it the person leaves the target.
        crop_size: width and height of a window about the target that alone is shown, even; None for
            the whole picture.
        background: what is seen around the person, see `background.parse`; "keep" changes nothing.
        mask: who tells where the person is: "pose", the network for the points; "general" or
            "landscape", a model for selfies.
        write_masks: whether to write a video of the masks too.
        side_by_side: whether to write the input beside the result too.
        skeleton: whether to write the input with everyone's points drawn on it too.
        crf: see `video.VideoWriter`, as all that follow.
        preset: of the encoder.
        encoder: which kind.
        codec: which; ProRes is not written here.
        audio: whether the sound is kept.

    Raises:
        InputError: one is impossible.
    """

    person: str | None = None
    anchor: AnchorName = "hips"
    target: str = "0.5,0.5"
    smoothing: Smoothing = field(default_factory=Smoothing)
    min_confidence: float = LEAST_PRESENCE
    refine: Refine = "flow"
    roll_lock: bool = False
    scale_lock: bool = False
    border: str = "reflect"
    framing: Framing = "smallest"
    max_zoom: float = 1.5
    crop_size: tuple[int, int] | None = None
    background: str = "keep"
    mask: masks.MaskName = "pose"
    write_masks: bool = False
    side_by_side: bool = False
    skeleton: bool = False
    crf: float = DEFAULT_CRF
    preset: str = DEFAULT_PRESET
    encoder: encoders.Kind = "software"
    codec: encoders.Codec | None = None
    audio: bool = True

    def __post_init__(self) -> None:
        """Raise InputError where one is impossible."""
        named(self.anchor)
        masks.named(self.mask)
        if not 0.0 <= self.min_confidence <= 1.0:
            raise InputError(f"a confidence of {self.min_confidence:g} is impossible; give 0 to 1")
        if not 1.0 <= self.max_zoom <= MOST_ZOOM:
            raise InputError(f"a zoom of {self.max_zoom:g} is impossible; give 1 to {MOST_ZOOM:g}")
        for name, allowed in (("framing", Framing), ("refine", Refine)):
            chosen = getattr(self, name)
            if chosen not in get_args(allowed):
                choices = ", ".join(get_args(allowed))
                raise InputError(f"no {name} {chosen!r}; choose one of {choices}")
        if self.codec == "prores":
            raise InputError("the videos are .mp4, which holds no ProRes; choose h264 or hevc")
        if self.border not in NAMED_BORDERS:
            require_colour(self.border, ", ".join(NAMED_BORDERS))

    def require_crop_within(self, size: tuple[int, int]) -> None:
        """Raise InputError unless the window is even and within a picture of a size."""
        if self.crop_size is None:
            return
        width, height = self.crop_size
        if width % 2 or height % 2 or not (2 <= width <= size[0] and 2 <= height <= size[1]):
            raise InputError(
                f"a window of {width} × {height} pixels is impossible: give even numbers up to "
                f"the picture's {size[0]} × {size[1]}"
            )
