"""The choice of an encoder: H.264, HEVC or ProRes, in software or hardware."""

import logging
from fractions import Fraction
from typing import Literal, NamedTuple

import av

from dvs_jax.errors import InputError

Kind = Literal["software", "hardware"]
Codec = Literal["h264", "hevc", "prores"]
Name = Literal[
    "libx264",
    "h264_nvenc",
    "h264_videotoolbox",
    "libx265",
    "hevc_nvenc",
    "hevc_videotoolbox",
    "prores_ks",
]

SOFTWARE: dict[Codec, Name] = {"h264": "libx264", "hevc": "libx265", "prores": "prores_ks"}
"""Available on every machine, and of the same quality for the same crf on each."""

HARDWARE: dict[Codec, tuple[Name, ...]] = {
    "h264": ("h264_nvenc", "h264_videotoolbox"),
    "hevc": ("hevc_nvenc", "hevc_videotoolbox"),
    "prores": (),
}
"""NVENC on NVIDIA's GPUs, VideoToolbox on Apple's machines."""

PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
"""Of libx264 and libx265, fastest first."""

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
        pix_fmt: of the pictures that it takes.
    """

    name: Name
    options: dict[str, str]
    pix_fmt: str = "yuv420p"


def choose(
    kind: Kind,
    crf: float,
    preset: str,
    size: tuple[int, int],
    codec: Codec = "h264",
    bit_depth: int = 8,
) -> Encoder:
    """Return the encoder to write with.

    Args:
        kind: "software" is one of `SOFTWARE`. "hardware" is the first of `HARDWARE` that opens;
            where none does it is the software too, and the log says so.
        crf: constant rate factor of libx264 or libx265, 0 to 51. For NVENC it is taken as the same
            number on its scale of constant quality, for VideoToolbox it is mapped to its scale from
            100 down to 1. The files differ in size and quality. ProRes has none.
        preset: one of `PRESETS`, likewise mapped; VideoToolbox and ProRes have none.
        size: width and height of the video in pixels, even: some chips support only some sizes.
        codec: what is written.
        bit_depth: of the pictures, 8 or 10; H.264 gets 8 and ProRes 10.

    Raises:
        InputError: there is no such kind or codec.
    """
    if kind not in ("software", "hardware"):
        raise InputError(f"no encoder {kind!r}; choose software or hardware")
    if codec not in SOFTWARE:
        raise InputError(f"no codec {codec!r}; choose one of {', '.join(SOFTWARE)}")
    software = SOFTWARE[codec]
    if kind == "hardware":
        for name in HARDWARE[codec]:
            encoder = Encoder(name, _options(name, crf, preset), _pix_fmt(name, bit_depth))
            if opens(encoder, size):
                return encoder
        logger.info("no hardware encoder can be opened here; %s encodes instead", software)
    return Encoder(software, _options(software, crf, preset), _pix_fmt(software, bit_depth))


def _pix_fmt(name: Name, bit_depth: int) -> str:
    if name == "prores_ks":
        return "yuv422p10le"
    if not name.startswith("h264") and name != "libx264" and bit_depth > 8:
        return "yuv420p10le" if name == "libx265" else "p010le"
    return "yuv420p"


def opens(encoder: Encoder, size: tuple[int, int]) -> bool:
    """Return whether the encoder is available and accepts pictures of this size.

    That FFmpeg was built with it is not enough: the chip or its driver may be missing or busy.
    """
    try:
        context = av.CodecContext.create(encoder.name, "w")
        context.width, context.height = size
        context.pix_fmt = encoder.pix_fmt
        context.time_base = Fraction(1, 30)
        context.options = encoder.options
        context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _options(name: Name, crf: float, preset: str) -> dict[str, str]:
    if name == "prores_ks":
        return {"profile": "hq", "vendor": "apl0"}
    if name.endswith("_nvenc"):
        chosen = _NVENC_PRESETS[PRESETS.index(preset)]
        # Without "b" its quality is capped at 2 Mbit/s, and a "cq" of 0 leaves it to the chip.
        return {"preset": chosen, "rc": "vbr", "cq": str(max(crf, 1)), "b": "0"}
    if name.endswith("_videotoolbox"):
        quality = round(100 - 99 * crf / WORST_CRF)
        return {"flags": "+qscale", "global_quality": str(_LAMBDA_OF_QUALITY * quality)}
    options = {"crf": str(crf), "preset": preset}
    if name == "libx265":
        # Of itself only x264 takes 0 for lossless.
        options["x265-params"] = "log-level=error" + ":lossless=1" * (crf == 0)
    return options
