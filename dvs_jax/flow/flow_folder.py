"""The official folder layout: `<clip>/flo/00000.flo` forward, `<clip>/flo_back/00000.flo` backward.

File i holds the pair of frames i and i + 1: forward i → i + 1, backward i + 1 → i.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.flow import flow_file
from dvs_jax.flow.flow_file import Flow
from dvs_jax.flow.pair import FlowPair
from dvs_jax.whole_file import replacing_together

_ALWAYS_POSSIBLE = 1 << 20
"""Flow of up to so many pixels is accepted whatever the video's size; e.g. 1024 × 1024."""


@dataclass(frozen=True)
class FlowFolder:
    """The flow files of one clip.

    Attributes:
      clip: the clip's folder, which holds `flo/` and `flo_back/`.
      suffix: the files' ending: ".flo", ".npz" or ".png" (KITTI).
      frame_size: width and height of the video in pixels, where they are known: flow files far
        larger are refused before they take memory.
    """

    clip: Path
    suffix: str = ".flo"
    frame_size: tuple[int, int] | None = field(default=None, compare=False)

    def forward_path(self, index: int) -> Path:
        """The file of the flow from frame `index` to the next one."""
        return self.clip / "flo" / f"{index:05d}{self.suffix}"

    def backward_path(self, index: int) -> Path:
        """The file of the flow from frame `index + 1` back to frame `index`."""
        return self.clip / "flo_back" / f"{index:05d}{self.suffix}"

    def require_no_links(self) -> None:
        """Raise where writing would follow a symbolic link.

        Raises:
          InputError: `flo/` or `flo_back/` is a link.
        """
        for folder in (self.forward_path(0).parent, self.backward_path(0).parent):
            if folder.is_symlink():
                raise InputError(
                    f"{folder}: is a link to a folder elsewhere, to which no flow is written; "
                    "remove the link, or complete the flow where it leads"
                )

    def has(self, index: int) -> bool:
        """Whether both files of a pair exist."""
        return self.forward_path(index).is_file() and self.backward_path(index).is_file()

    def __len__(self) -> int:
        """How many pairs exist without a gap, counted from the first."""
        count = 0
        while self.has(count):
            count += 1
        return count

    def files(self) -> Iterator[Path]:
        """Both files of each pair that `len` counts."""
        for index in range(len(self)):
            yield from (self.forward_path(index), self.backward_path(index))

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width of the clip's flow in pixels, as in its first file."""
        height, width, _ = flow_file.read(self.forward_path(0), self._largest).shape
        return height, width

    def read(self, index: int) -> FlowPair:
        """Read the flow of frames `index` and `index + 1`, float32 [height, width, 2], in pixels.

        Raises:
          InputError: a file is missing or damaged, or differs in size from the clip's first.
        """
        return FlowPair(self._read(self.forward_path(index)), self._read(self.backward_path(index)))

    def write(self, index: int, pair: FlowPair) -> None:
        """Write both files of a pair, each whole or not at all."""
        flow_file.write(self.forward_path(index), pair.forward)
        flow_file.write(self.backward_path(index), pair.backward)

    @property
    def _largest(self) -> int:
        """The most pixels that flow may have; it need not have the video's size."""
        if self.frame_size is None:
            return flow_file.LARGEST_PIXELS
        width, height = self.frame_size
        return min(max(4 * width * height, _ALWAYS_POSSIBLE), flow_file.LARGEST_PIXELS)

    def _read(self, path: Path) -> Flow:
        flow = flow_file.require_known(flow_file.read(path, self._largest), path)
        if flow.shape[:2] != self.size:
            height, width = self.size
            raise InputError(
                f"{path}: flow of {flow.shape[1]} × {flow.shape[0]} px where the clip's first file "
                f"has {width} × {height}; compute the clip's flow again"
            )
        return flow


def write_together(clip: Path, pairs: Iterable[tuple[Flow, Flow]]) -> None:
    """Write the flow files of a whole clip: all of them, or none.

    Args:
      clip: the clip's folder.
      pairs: in order, forward and backward, each float32 [height, width, 2] in pixels.

    Raises:
      InputError: a file cannot be written.
    """
    with replacing_together(clip) as unfinished:
        folder = FlowFolder(unfinished)
        for index, pair in enumerate(pairs):
            folder.write(index, FlowPair(*pair))


def find(clip: str | Path, frame_size: tuple[int, int] | None = None) -> FlowFolder | None:
    """The flow files of a clip, of whichever format, or None if it has none.

    Args:
      clip: its folder.
      frame_size: of its video, see `FlowFolder`.
    """
    folders = (FlowFolder(Path(clip), suffix, frame_size) for suffix in (".flo", ".npz", ".png"))
    return next((folder for folder in folders if folder.has(0)), None)
