"""The list of pictures: which are photographs, whose they are, and which are held out."""

import csv
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("photographs.csv")
USES = ("train", "held_out")
"""What of the list is gathered; the others are a "drawing", or of a licence that is "unclear"."""


class Listed(NamedTuple):
    """A picture in a package.

    Attributes:
        package: of Debian, or scikit-image or scikit-learn.
        file: path within the package.
        use: "train", "held_out", "drawing" or "unclear".
        author: as the package tells.
        licence: SPDX identifier, or the package's words.
    """

    package: str
    file: str
    use: str
    author: str
    licence: str

    @property
    def name(self) -> str:
        """A file name of its own, since packages call several pictures alike."""
        parts = Path(self.file).with_suffix("").parts
        stem = parts[-4] if parts[-3:-1] == ("contents", "images") else parts[-1]
        return f"{self.package}-{stem}.jpg"


def photographs() -> list[Listed]:
    """Return what of the list is to be gathered."""
    with LIST.open(newline="", encoding="utf-8") as lines:
        listed = [Listed(**row) for row in csv.DictReader(lines)]
    return [picture for picture in listed if picture.use in USES]
