"""Every field of the configs that train the fused network."""

from ml_collections import ConfigDict

from dvs_jax.training import settings as training


def settings() -> ConfigDict:
    """Return the config that a file in configs/ starts from and then changes."""
    config = ConfigDict()
    config.system = "fused"  # whose networks are trained
    config.model = _model()
    config.data = _data()
    config.rollout = _rollout()
    config.train = training.settings()
    return config.lock()


def _model() -> ConfigDict:
    model = ConfigDict()
    model.flow = False  # whether the network reads optical flow
    model.flow_size = (120, 68)  # width and height of that flow; the data's
    model.lstm = (128, 128)  # hidden sizes of the LSTM layers
    model.fully_connected = (64,)  # sizes of the layers after them, each with a ReLU
    model.turn_unit = 0.02  # x, y or z of a quaternion that is 1 in the network
    model.filters = 16  # linear maps from input to output, weighted by the LSTM; 0: none
    model.fusion = 0  # hidden size of the layer that corrects the gyro by flow; 0: none
    model.poses_each_side = 10  # real poses, 40 ms apart, before the current time; as many after
    model.official = False  # whether input and losses have the official program's quirks
    model.start_from = ""  # initial weights: a folder, a name, an official .checkpoint
    return model


def _data() -> ConfigDict:
    data = ConfigDict()
    data.folders = (("datasets/synthetic_clips/poses", 1.0),)  # datasets and their weights
    data.steps = 60  # of a window, which has one frame more
    # Largest shake in degrees of the clips from an epoch on.
    data.largest_shake = ((1, 5.0),)
    return data


def _rollout() -> ConfigDict:
    rollout = ConfigDict()
    rollout.displacement = 0.02  # largest initial offset from the real pose (x, y, z, for a w of 1)
    rollout.strengths = (1.0, 1.0)  # range of the windows' random strength
    rollout.gradient_through_poses = True  # whether it flows through the virtual poses fed back
    rollout.truncate_steps = 0  # truncated back-propagation through time; 0: not truncated
    rollout.recompute = False  # whether the backward pass recomputes activations, to save memory
    rollout.bfloat16 = False  # whether the network computes in bfloat16
    return rollout
