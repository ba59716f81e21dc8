"""Frames drawn as a virtual camera sees them: on the host and on devices."""
