"""A stream's clock, continued where it jumps, as where recordings were joined into one file."""

from collections.abc import Sequence
from fractions import Fraction

import av
from av.container import InputContainer

from dvs_jax.video.container import fraction, may_jump

LONGEST_STEP_S = 10
"""From packet to packet in formats whose clock may jump, as in FFmpeg's own program."""

LONGEST_STEP_BACK_S = Fraction(1, 10)
"""Likewise; damaged times may be a little out of order."""


class Timeline:
    """Moves the packets of one stream so that each follows the one before.

    Only those of transport and program streams, and the like, may jump: in other formats a long
    step is a pause of the recording.

    Attributes:
      jumps: seconds that were added from each jump on.
    """

    def __init__(self, container: InputContainer, known: Sequence[Fraction] = ()):
        """Begin with the first packet.

        Args:
          container: the file.
          known: the `jumps` of the file's pictures, which its sound has to keep to.
        """
        self.jumps: list[Fraction] = []
        self._known = known
        self._may_jump = may_jump(container)
        self._last: Fraction | None = None
        self._length = Fraction(0)

    def move(self, packet: av.Packet) -> bool:
        """Correct a packet's times, and return whether it comes after those before it."""
        if not self._may_jump:
            return True
        base = fraction(packet.time_base)
        stored = packet.pts if packet.dts is None else packet.dts
        if stored is None or base <= 0:
            return True
        if self._last is not None and self._is_jump(stored * base + self._offset - self._last):
            self._jump(stored * base)
        ticks = round(self._offset / base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        time, before = stored * base + self._offset, self._last
        if packet.duration:
            self._length = packet.duration * base
        elif before is not None and time > before:
            self._length = time - before
        self._last = time
        return before is None or time >= before

    @property
    def _offset(self) -> Fraction:
        return self.jumps[-1] if self.jumps else Fraction(0)

    def _is_jump(self, step: Fraction) -> bool:
        return not -LONGEST_STEP_BACK_S <= step <= LONGEST_STEP_S

    def _jump(self, time: Fraction) -> None:
        count = len(self.jumps)
        is_known = count < len(self._known)
        follows = (self._last or 0) + self._length - time
        self.jumps.append(self._known[count] if is_known else follows)
