"""Makes JAX show one processor as several devices."""

import os


def flags(devices: int) -> str:
    """Return the XLA_FLAGS of a process that is to see so many, beside those set already."""
    return f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
