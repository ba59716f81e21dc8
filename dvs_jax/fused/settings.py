"""Every field of the configs that train the fused network."""

from ml_collections import ConfigDict

from dvs_jax.training import settings as training


def settings() -> ConfigDict:
    """Return the config that a file in configs/ starts from and then changes."""
    config = ConfigDict()
    config.model = _model()
    config.data = _data()
    config.rollout = _rollout()
    config.train = training.settings()
    return config.lock()


def _model() -> ConfigDict:
    model = ConfigDict()
    model.flow = False  # whether the network sees optical flow
    model.flow_size = (120, 68)  # width and height of that flow; the data's
    model.lstm = (128, 128)  # hidden sizes of the LSTM layers
    model.fully_connected = (64,)  # sizes of the layers between them and the turn, each with a ReLU
    model.turn_unit = 0.02  # x, y, z of the quaternion that the network reads and gives out as 1
    model.filters = 16  # linear maps from input to turn that the other layers blend; 0: none
    model.fusion = 0  # hidden size of what corrects the gyro by flow; 0: nothing does
    model.poses_each_side = 10  # real poses, 40 ms apart, seen before now and as many after
    model.official = False  # whether input and losses have the official program's quirks
    model.start_from = ""  # weights to begin with: a folder, a name, an official .checkpoint
    return model


def _data() -> ConfigDict:
    data = ConfigDict()
    data.folders = (("datasets/synthetic_clips/poses", 1.0),)  # datasets, each with its share
    data.steps = 60  # of a window: it has one frame more
    # Largest shake in degrees of the clips from an epoch on.
    data.largest_shake = ((1, 5.0),)
    return data


def _rollout() -> ConfigDict:
    rollout = ConfigDict()
    rollout.displacement = 0.02  # how far aside of the camera windows start (x, y, z, for a w of 1)
    rollout.strengths = (1.0, 1.0)  # range of the strengths at which windows are run
    rollout.gradient_through_poses = True  # through the virtual poses that are fed back
    rollout.truncate_steps = 0  # after which no gradient flows further back; 0: never
    rollout.recompute = False  # whether steps are computed again backwards, to save memory
    rollout.bfloat16 = False  # whether the network computes in bfloat16
    return rollout
