"""Cameras and streams as FFmpeg opens them: a format and an address."""

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import av

from dvs_jax.errors import InputError

OPENING_S = 10.0
"""How long opening may take before it is an error."""

SILENCE_S = 5.0
"""How long each picture may take then."""

# Two letters or more, so that C:\a.mp4 is a file; no slashes behind, as in rtsp://…, an address.
_FORMAT = re.compile(r"(\w{2,}):(?!//)(.+)")

_OPTIONS = {"avfoundation": {"framerate": "30"}}
"""AVFoundation's own default, 29.97, is refused by most of Apple's cameras."""


class CameraSource(NamedTuple):
    """What FFmpeg opens.

    Attributes:
        format: its input format, such as "v4l2"; None of an address that tells it.
        address: a device, a stream's address, or a description that the format knows.
    """

    format: str | None
    address: str

    def open(self) -> av.container.InputContainer:
        """Open it; the caller closes it.

        Raises:
            av.FFmpegError, OSError: it cannot be opened.
        """
        options = _OPTIONS.get(self.format or "", {})
        timeout: Any = (OPENING_S, SILENCE_S)
        return av.open(self.address, format=self.format, options=options, timeout=timeout)


def parse(camera: str) -> CameraSource:
    """Return the source that a text names.

    Args:
        camera: the number of a camera, a device with its format in front ("v4l2:/dev/video0",
            "avfoundation:0", "dshow:video=…", "lavfi:testsrc2"), or a stream's address.

    Raises:
        InputError: FFmpeg has no such format here, or it is a file.
    """
    if camera.isdecimal():
        return _numbered(camera)
    named = _FORMAT.fullmatch(camera)
    if named is None:
        if Path(camera).is_file():
            raise InputError(f"{camera}: is a file, no camera; see dvs-jax stabilize --help")
        return CameraSource(None, camera)
    name, address = named.groups()
    try:
        av.ContainerFormat(name, "r")
    except ValueError:
        raise InputError(
            f"{camera}: FFmpeg reads no {name} here; cameras are v4l2:/dev/video0 on Linux, "
            "avfoundation:0 on macOS, dshow:video=NAME on Windows"
        ) from None
    return CameraSource(name, address)


def _numbered(number: str) -> CameraSource:
    if sys.platform == "darwin":
        return CameraSource("avfoundation", number)
    if sys.platform == "win32":
        raise InputError(f"{number}: cameras have names on Windows; give dshow:video=NAME")
    return CameraSource("v4l2", f"/dev/video{number}")
