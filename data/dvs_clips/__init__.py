"""The released clips, or your own: `python -m data.dvs_clips --help`."""

from data.dvs_clips.dvs_clips import DvsClips

__all__ = ["DvsClips"]
