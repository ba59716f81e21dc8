"""Viewers of 360° videos: `python -m data.viewport_traces --help`."""

from data.viewport_traces.viewport_traces import ViewportTraces

__all__ = ["ViewportTraces"]
