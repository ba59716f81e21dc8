"""Our network without flow, with 1.2 s of look-ahead instead of 0.4 s: for offline use.

It shows what a longer look-ahead is worth: in the mean over 100 held-out clips, nothing. Held
within the frame it leaves a jitter of 0.1088° and a jerk of 1194°/s³, where `gyro_only` leaves
0.1066° and 977°/s³; in a file, where the path is smoothed once more by all of the log, 0.1028° and
848°/s³, where that leaves 0.0954° and 732°/s³. So its weights are not shipped.

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
