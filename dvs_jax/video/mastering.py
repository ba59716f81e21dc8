"""What an HDR video says of the display that it was graded on, and of its brightest pixels."""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type


@dataclass(frozen=True)
class Mastering:
    """Static metadata of HDR10 (SMPTE ST 2086, CTA-861.3); None where a video has none.

    Attributes:
      primaries: of the display, x and y each of red, green and blue and of its white point.
      luminance: of the display, its darkest and its brightest, in cd/m².
      content: the brightest pixel and the brightest mean of a frame, in cd/m².
    """

    primaries: tuple[float, ...] | None = None
    luminance: tuple[float, float] | None = None
    content: tuple[int, int] | None = None


def mastering_of(frame: av.VideoFrame) -> Mastering:
    """Return what a decoded frame tells."""
    side_data: Any = frame.side_data
    display, content = (
        None if stored is None else np.frombuffer(stored, np.int32)
        for stored in map(
            side_data.get, (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL)
        )
    )
    brightest = None if content is None else (int(content[0]), int(content[1]))
    if display is None:
        return Mastering(content=brightest)
    # FFmpeg's AVMasteringDisplayMetadata: ten fractions, and two flags of what is known.
    values = display[:20:2] / np.maximum(display[1:20:2], 1)
    return Mastering(
        tuple(values[:8].tolist()) if display[20] else None,
        (float(values[8]), float(values[9])) if display[21] else None,
        brightest,
    )


def x265_parameters(mastering: Mastering) -> list[str]:
    """Return the metadata as parameters of x265."""
    told = []
    if mastering.primaries is not None and mastering.luminance is not None:
        # In units of 0.00002, and of 0.0001 cd/m².
        red, green, blue, white = np.rint(np.reshape(mastering.primaries, (4, 2)) * 50_000).astype(
            int
        )
        dark, bright = np.rint(np.array(mastering.luminance) * 10_000).astype(int)
        named = zip("GBR", (green, blue, red), strict=True)
        display = "".join(f"{name}({x},{y})" for name, (x, y) in named)
        told.append(f"master-display={display}WP({white[0]},{white[1]})L({bright},{dark})")
    if mastering.content is not None:
        told.append(f"max-cll={mastering.content[0]},{mastering.content[1]}")
    return [*told, "hdr10=1"] if told else []
