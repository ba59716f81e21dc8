"""Our network without flow, with 1.2 s of look-ahead instead of 0.4 s: for offline use.

It shows the effect of the look-ahead. On 100 held-out clips it leaves MEDIANS. Its weights are not shipped:
in a file, where the path is smoothed once more by all of the log, it leaves 0.1028° and 848°/s³ in
the mean, where `gyro_only` leaves 0.0954° and 732°/s³.

Cost: about 50 minutes on two CPU cores.
Commands:
    python -m data.synthetic_clips --config poses --out datasets --imu LOG
    dvs-jax train --config configs/dvs_offline.py --workdir runs/offline
LOG is as in configs/dvs_gyro_only.py.
"""

from pathlib import Path

from ml_collections import ConfigDict

from dvs_jax.training import configuration


def get_config() -> ConfigDict:
    """Return the config."""
    config = configuration.load(Path(__file__).with_name("dvs_gyro_only.py"))
    config.model.poses_each_side = 30  # of 40 ms
    return config
