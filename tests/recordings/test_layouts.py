"""Logs of phones' apps, flight controllers and extractors, in the layouts they publish."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.recordings import read
from dvs_jax.sensors import gyro

TIME_MS = 1000 + 10 * np.arange(50)
VELOCITY = np.round(np.random.default_rng(1).uniform(-1, 1, (50, 3)), 4)


def rows(template, scale=1.0):
    """A line a sample: {ns}, {us}, {ms}, {s}, and {x}, {y}, {z}."""
    lines = []
    for index, (ms, (x, y, z)) in enumerate(zip(TIME_MS.tolist(), VELOCITY * scale, strict=True)):
        times = {"ns": ms * 10**6, "us": ms * 1000, "ms": ms, "s": f"{ms / 1000:.3f}"}
        lines.append(template.format(i=index, x=f"{x:.6f}", y=f"{y:.6f}", z=f"{z:.6f}", **times))
    return "\n".join(lines) + "\n"


DEGREES = 180 / np.pi

LOGS = {
    "Sensor Logger": ("time,seconds_elapsed,z,y,x\n", "{ns},0.1,{z},{y},{x}", 1.0),
    "SensorLog": (
        "loggingTime(txt),loggingSample(N),gyroTimestamp_sinceReboot(s),gyroRotationX(rad/s),"
        "gyroRotationY(rad/s),gyroRotationZ(rad/s),magnetometerX(µT)\n",
        "2020-06-01 10:00:00.000 +0200,{i},{s},{x},{y},{z},",
        1.0,
    ),
    "a phone's app": (
        "SamplingTime, AccelerationX, AccelerationY, AccelerationZ, GyroX, GyroY, GyroZ, "
        "MagneticFieldX\n",
        "{s}, 0, 0, 9.8, {x}, {y}, {z}, 1",
        1.0,
    ),
    "the app Gyro": (
        "Time, Rotation Rate (X), Rotation Rate (Y), Rotation Rate (Z)\n",
        "{s}, {x}, {y}, {z}",
        1.0,
    ),
    "phyphox: x_rad_s": (
        '"Time (s)","X (rad/s)","Y (rad/s)","Z (rad/s)","Absolute (rad/s)"\n',
        "{s},{x},{y},{z},1",
        1.0,
    ),
    "phyphox: gyroscope x": (
        '"Time (s)";"Gyroscope x (rad/s)";"Gyroscope y (rad/s)";"Gyroscope z (rad/s)"\n',
        "{s};{x};{y};{z}",
        1.0,
    ),
    "columns gyro_x": ("timestamp_ns,gyro_x,gyro_y,gyro_z,acc_x\n", "{ns},{x},{y},{z},1", 1.0),
    "columns gyroscope.x_deg_s": (
        "time (ms)\tgyroscope.x (°/s)\tgyroscope.y (°/s)\tgyroscope.z (°/s)\n",
        "{ms}\t{x}\t{y}\t{z}",
        DEGREES,
    ),
    "columns gyroskop x_rad_s": (
        '"t (s)";"Gyroskop x (rad/s)";"Gyroskop y (rad/s)";"Gyroskop z (rad/s)"\n',
        "{s};{x};{y};{z}",
        1.0,
    ),
    "GoPro Telemetry Extractor": (
        "cts,date,Gyroscope (z) [rad/s],Gyroscope (x) [rad/s],Gyroscope (y) [rad/s],"
        "temperature [°C]\n",
        "{ms},2020-01-01T00:00:00.000Z,{z},{x},{y},30",
        1.0,
    ),
    "Open Camera Sensors": ("", "{x},{y},{z},{ns}", 1.0),
    "columns x, y, z in rad/s, as they tell none, and time in s": ("", "{x},{y},{z},{s}", 1.0),
    "columns x, y, z in rad/s, as they tell none, and time in ms": ("", "{x} {y} {z} {ms}", 1.0),
    "flight controller: gyroadc[0], gyroadc": (
        "loopIteration,time (us),axisP[0],gyroADC[0],gyroADC[1],gyroADC[2],"
        "flightModeFlags (flags)\n",
        "{i}, {us}, 1, {x}, {y}, {z}, ANGLE_MODE|ARM",
        DEGREES,
    ),
    "flight controller: gyroadc[0]_rad_s": (
        "loopIteration,time (us),gyroADC[0] (rad/s),gyroADC[1] (rad/s),gyroADC[2] (rad/s)\n",
        "{i},{us},{x},{y},{z}",
        1.0,
    ),
    "flight controller: gyroadc[0], gyroadc[1]": (
        '"Product","Blackbox flight data recorder by Nicholas Sherlock"\n'
        '"rollPID","45,80,40"\n"gyroScale","1.7453292519943295e-8"\n'
        '"loopIteration","time","gyroADC[0]","gyroADC[1]","gyroADC[2]","heading[0]"\n',
        "{i},{us},{x},{y},{z},NaN",
        DEGREES,
    ),
}


@pytest.mark.parametrize("program", LOGS)
def test_the_same_motion_comes_out_of_every_layout(tmp_path, program):
    header, template, scale = LOGS[program]
    file = tmp_path / "log.csv"
    file.write_text(header + rows(template, scale), encoding="utf-8")
    found = read(file)
    np.testing.assert_allclose(found.motion, VELOCITY, atol=1e-6)
    np.testing.assert_array_equal(found.time_ns, TIME_MS * 10**6)
    assert found.kind.startswith(program)


def test_decimal_commas_of_a_german_phone(tmp_path):
    file = tmp_path / "Raw Data.csv"
    text = '"Time (s)";"X (rad/s)";"Y (rad/s)";"Z (rad/s)"\n' + rows("{s};{x};{y};{z};")
    file.write_text(text.replace(".", ","))
    np.testing.assert_allclose(read(file).motion, VELOCITY, atol=1e-6)


def test_what_the_maker_tells_of_the_axes(tmp_path):
    for program, axes in (
        ("GoPro Telemetry Extractor", ("x", "z", "y")),
        ("flight controller: gyroadc[0]_rad_s", ("y", "z", "-x")),
        ("Sensor Logger", ("y", "x", "z")),
    ):
        header, template, scale = LOGS[program]
        (tmp_path / "log.csv").write_text(header + rows(template, scale))
        assert read(tmp_path / "log.csv").camera.gyro_axes == axes


def test_an_accelerometer_beside_the_gyro(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text(
        "timestamp_ns,gyro_x,gyro_y,gyro_z,acc_x,acc_y,acc_z\n" + rows("{ns},{x},{y},{z},1,2,9.8")
    )
    np.testing.assert_array_equal(read(file).accelerometer.acceleration[0], [1, 2, 9.8])


def test_degrees_without_a_name_are_told_by_their_size(tmp_path, caplog):
    file = tmp_path / "log.csv"
    file.write_text("timestamp_ns,gyro_x,gyro_y,gyro_z\n" + rows("{ns},{x},{y},{z}", DEGREES))
    np.testing.assert_allclose(read(file).motion, VELOCITY, atol=1e-6)
    assert "read as degrees per second" in caplog.text


def test_this_packages_own_layouts_are_read_too(tmp_path):
    (tmp_path / "a_gyro.txt").write_text(rows("{us} {x} {y} {z}"))
    found = read(tmp_path / "a_gyro.txt")
    assert found.kind == gyro.RELEASED
    np.testing.assert_allclose(found.motion, VELOCITY, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("time,gyro_x,gyro_y,gyro_z\n1,2,3,4\n", "'time' needs its unit"),
        ("timestamp_ns,pitch,roll\n1,2,3\n", "a log of this kind has"),
        ("loopIteration,time,motor[0]\n1,2,3\n", "without time or gyroADC"),
        ("x,y\n", "no rows"),
    ],
)
def test_other_logs_are_refused(tmp_path, content, complaint):
    (tmp_path / "log.csv").write_text(content)
    with pytest.raises(InputError, match=complaint):
        read(tmp_path / "log.csv")
