"""Recordings as cameras, phones, flight controllers and Gyroflow write them, read into sensors."""

from dvs_jax.recordings.finding import file_of, find
from dvs_jax.recordings.loading import load, no_gyro, on_frames_of
from dvs_jax.recordings.plain import Imported, write_plain
from dvs_jax.recordings.reading import read

__all__ = ["Imported", "file_of", "find", "load", "no_gyro", "on_frames_of", "read", "write_plain"]
