"""The people of a clip as a table."""

import numpy as np
import rich.table

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.planning import Everyone
from dvs_jax.subject.pose import HIPS


def render(everyone: Everyone, height: int) -> rich.table.Table:
    """Return the table to print, a person a line.

    Args:
        everyone: the people.
        height: of the picture in pixels.
    """
    table = rich.table.Table("person", "seen (s)", "frames", "torso (% of height)", "hips at", "")
    for number, person in enumerate(everyone.people):
        hips = poses_of.middle(person.pose, HIPS)
        torso = 100.0 * float(np.median(poses_of.torso(person.pose))) / height
        ends = " to ".join(f"{x:.0f},{y:.0f}" for x, y in (hips[0], hips[-1]))
        table.add_row(
            str(number + 1),
            f"{person.time_s[0]:.1f} to {person.time_s[-1]:.1f}",
            str(len(person.frame)),
            f"{torso:.0f}",
            ends,
            "followed" if number == everyone.followed else "",
        )
    return table
