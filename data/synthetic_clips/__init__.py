"""Synthetic clips, in bulk: `python -m data.synthetic_clips --help`."""

from data.synthetic_clips.synthetic_clips import SyntheticClips

__all__ = ["SyntheticClips"]
