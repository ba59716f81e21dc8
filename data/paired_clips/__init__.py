"""Paired synthetic clips, in bulk: `python -m data.paired_clips --help`."""

from data.paired_clips.paired_clips import PairedClips

__all__ = ["PairedClips"]
