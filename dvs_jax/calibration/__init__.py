"""Finds from a clip how its gyro is mounted, its clock's offset, the readout and the focal length.

The pictures tell how the camera turned, and so does the gyro: what is wanted makes both agree.
"""

from dvs_jax.calibration.applying import with_camera_found
from dvs_jax.calibration.calibration import Calibration, Known, calibrate
from dvs_jax.calibration.drift import with_drift
from dvs_jax.calibration.writing import write_camera

__all__ = ["Calibration", "Known", "calibrate", "with_camera_found", "with_drift", "write_camera"]
