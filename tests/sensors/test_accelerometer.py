import numpy as np
import pytest

from dvs_jax import quaternion, sensors
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.sensors import accelerometer, table
from dvs_jax.sensors.gravity import up_at
from dvs_jax.sensors.log import AccelerometerLog

ROWS = "t_s,wx,wy,wz,ax{0},ay{0},az{0}\n0.0,0,0,0,1,2,3\n0.1,0,0,0,1,2,3\n"


@pytest.mark.parametrize("unit", ["", "_m_s2", "_g"])
@pytest.mark.parametrize(
    ("axes", "wanted"), [(("y", "x", "z"), [-2, -1, -3]), (("x", "-y", "-z"), [1, -2, -3])]
)
def test_columns_beside_the_gyro_are_read_in_the_cameras_axes(tmp_path, unit, axes, wanted):
    """A rotation of axes keeps their order of turning: a mirror image would not."""
    file = tmp_path / "gyro.csv"
    file.write_text(ROWS.format(unit))
    camera = Camera(gyro_axes=axes, clock_offset_s=0.5)
    log = accelerometer.in_camera(accelerometer.find(table.read(file)), camera)
    np.testing.assert_allclose(log.acceleration, [wanted, wanted])
    np.testing.assert_array_equal(log.time_ns, [500_000_000, 600_000_000])


def test_a_file_of_its_own_is_found(tmp_path):
    times = "".join(f"{0.01 * index:.2f},0,0,0\n" for index in range(50))
    (tmp_path / "walk_gyro.csv").write_text("t_s,wx,wy,wz\n" + times)
    video = tmp_path / "walk.mp4"
    frames = np.arange(10) * 33_000_000
    assert sensors.load(video, frames).accelerometer is None
    (tmp_path / "walk_accel.csv").write_text("t_s,ax,ay,az\n" + times.replace(",0\n", ",9.8\n"))
    log = sensors.load(video, frames).accelerometer
    np.testing.assert_allclose(log.acceleration, np.tile([0.0, 0.0, -9.8], (50, 1)))


def test_up_is_found_through_shake_and_a_drifting_gyro():
    """A camera held level; its gyro drifts by 0.5 °/s, and steps shake it by 0.4 g at 2 Hz."""
    time_ns = np.arange(0, 20_000_000_000, 5_000_000)
    time_s = time_ns * 1e-9
    drift = np.radians(0.5) * time_s[:, None] * np.eye(3)[2:]
    gyro = CameraPath(time_ns, quaternion.from_rotation_vector(drift))
    shake = 4.0 * np.sin(4.0 * np.pi * time_s)[:, None] * np.eye(3)[:1]
    log = AccelerometerLog(time_ns, np.array([0.0, -9.81, 0.0]) + shake)
    frames = time_ns[1000:3000:7]
    shown = quaternion.rotate(gyro.quaternion[1000:3000:7], up_at(log, gyro, frames))
    lean = np.degrees(np.arctan2(shown[:, 0], -shown[:, 1]))
    assert np.abs(lean).max() < 0.5


def test_an_apps_log_of_another_layout_is_left_out_with_a_note(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "gyro.csv").write_text("t_s,wx,wy,wz\n0,0,0,0\n1,0,0,0\n")
    (tmp_path / "Accelerometer.csv").write_text("time,seconds_elapsed,z,y,x\n1,0,9,0,0\n")
    log = sensors.load(tmp_path / "walk.mp4", np.arange(10) * 33_333_333)
    assert log.accelerometer is None
    (told,) = [each for each in caplog.records if "Accelerometer.csv" in each.getMessage()]
    assert told.levelname == "INFO" and "only --horizon-lock needs it" in told.getMessage()
