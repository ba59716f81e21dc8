"""The choice of an H.264 encoder, in software or hardware."""

import logging
from fractions import Fraction
from typing import Literal, NamedTuple

import av

from dvs_jax.errors import InputError

Kind = Literal["software", "hardware"]
Name = Literal["libx264", "h264_nvenc", "h264_videotoolbox"]

SOFTWARE: Name = "libx264"
"""Available on every machine, and of the same quality for the same crf on each."""

HARDWARE: tuple[Name, ...] = ("h264_nvenc", "h264_videotoolbox")
"""NVENC on NVIDIA's GPUs, VideoToolbox on Apple's machines."""

PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
"""Of libx264, fastest first."""

WORST_CRF = 51

_NVENC_PRESETS = ("p1", "p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7")
"""NVENC's preset for each of `PRESETS`."""

_LAMBDA_OF_QUALITY = 118
"""FFmpeg's FF_QP2LAMBDA, by which it multiplies a quality before passing it to a codec."""

logger = logging.getLogger("dvs_jax")


class Encoder(NamedTuple):
    """An encoder that can be opened.

    Attributes:
        name: FFmpeg's name for it.
        options: of quality and speed, by FFmpeg's names.
    """

    name: Name
    options: dict[str, str]


def choose(kind: Kind, crf: float, preset: str, size: tuple[int, int]) -> Encoder:
    """Return the encoder to write with.

    Args:
        kind: "software" is libx264. "hardware" is the first of `HARDWARE` that opens; where none
            does it is libx264 too, and the log says so.
        crf: constant rate factor of libx264, 0 to 51. For NVENC it is taken as the same number on
            its scale of constant quality, for VideoToolbox it is mapped to its scale from 100 down
            to 1. The files differ in size and quality.
        preset: one of `PRESETS`, likewise mapped; VideoToolbox has none.
        size: width and height of the video in pixels, even: some chips support only some sizes.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in ("software", "hardware"):
        raise InputError(f"no encoder {kind!r}; choose software or hardware")
    if kind == "hardware":
        for name in HARDWARE:
            encoder = Encoder(name, _options(name, crf, preset))
            if opens(encoder, size):
                return encoder
        logger.info("no hardware encoder can be opened here; %s encodes instead", SOFTWARE)
    return Encoder(SOFTWARE, _options(SOFTWARE, crf, preset))


def opens(encoder: Encoder, size: tuple[int, int]) -> bool:
    """Return whether the encoder is available and accepts pictures of this size.

    That FFmpeg was built with it is not enough: the chip or its driver may be missing or busy.
    """
    try:
        context = av.CodecContext.create(encoder.name, "w")
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, 30)
        context.options = encoder.options
        context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _options(name: Name, crf: float, preset: str) -> dict[str, str]:
    if name == "h264_nvenc":
        chosen = _NVENC_PRESETS[PRESETS.index(preset)]
        # Without "b" its quality is capped at 2 Mbit/s, and a "cq" of 0 leaves it to the chip.
        return {"preset": chosen, "rc": "vbr", "cq": str(max(crf, 1)), "b": "0"}
    if name == "h264_videotoolbox":
        quality = round(100 - 99 * crf / WORST_CRF)
        return {"flags": "+qscale", "global_quality": str(_LAMBDA_OF_QUALITY * quality)}
    return {"crf": str(crf), "preset": preset}
