"""Every field that training reads from a config."""

from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.training.schedule import require_weights

_AT_LEAST_ONE = (
    "batch_size",
    "micro_batches",
    "epochs",
    "steps_per_epoch",
    "decay_epochs",
    "log_every",
    "checkpoint_every",
    "keep_checkpoints",
)
_NOT_NEGATIVE = (
    "seed",
    "lr",
    "decay_factor",
    "warmup_steps",
    "weight_decay",
    "clip_norm",
    "evaluate_every",
    "profile_steps",
)


def settings() -> ConfigDict:
    """Return the `config.train` that a config file starts from and then fills in.

    It is locked: setting a field that is not here is an error.
    """
    train = ConfigDict()
    train.seed = 0  # of the initial parameters, the data's order and all noise
    train.batch_size = 16  # examples a step, over all devices of all hosts together
    train.micro_batches = 1  # parts of a device's share, for gradient accumulation
    train.epochs = 100  # until training ends
    train.steps_per_epoch = 100  # batches an epoch has, whatever the size of the data

    train.parallel = "pmap"  # how the step is parallelised: pmap or shard_map
    train.several_hosts = False  # whether the run has several hosts; see `parallel.join_hosts`

    train.lr = 1e-4  # Adam's peak learning rate
    train.adam_beta = 0.9  # its decay of the mean gradient
    # Parts of the parameters by name, and a factor of each one's rate: (("generator", 1.0), …).
    # Each has Adam and clipping to itself. Empty: all parameters are one part.
    train.parts = ()
    # Parts whose rate is halved each time that a term was above a limit for so many steps in a row:
    # (part, term, limit, steps).
    train.slowed = ()
    train.schedule = "constant"  # constant, step or cosine
    train.decay_epochs = 200  # step: the rate is multiplied by decay_factor every so many epochs
    train.decay_factor = 0.1  # step: see decay_epochs
    train.warmup_steps = 0  # steps over which the rate rises linearly from 0
    train.weight_decay = 0.0  # see decoupled_decay
    train.decoupled_decay = False  # True: as AdamW; False: into the gradient (L2), as torch's Adam
    train.clip_norm = 0.0  # global norm to which gradients are clipped; 0: no clipping
    train.ema_decay = 0.0  # of the parameters' exponential moving average; 0: none

    # From which epoch (counted from 1) which terms of the loss weigh what; unnamed terms weigh 0.
    train.loss_weights = ((1, {"total": 1.0}),)
    # Whether terms that an epoch does not name are not even computed, if the loss can do without;
    # then the step is compiled for each set of named terms.
    train.leave_out_terms = False

    train.log_every = 10  # steps
    train.profile_steps = 0  # how many steps are traced, into profile/; see `profiling`
    train.checkpoint_every = 1000  # steps
    train.keep_checkpoints = 3  # how many of the last to keep
    train.evaluate_every = 0  # epochs; 0: never
    train.best_measure = ""  # evaluated measure, the lower the better, whose best is kept too
    return train.lock()


def require_sound(train: ConfigDict) -> None:
    """Raise if a number in the settings makes no sense.

    Raises:
        InputError: one does not; it is named.
    """
    for name in _AT_LEAST_ONE:
        if train[name] < 1:
            raise InputError(
                f"config.train.{name}: {train[name]} is too few; it has to be 1 or more"
            )
    for name in _NOT_NEGATIVE:
        if train[name] < 0:
            raise InputError(f"config.train.{name}: {train[name]} is negative")
    for name in ("ema_decay", "adam_beta"):
        if not 0.0 <= train[name] < 1.0:
            raise InputError(f"config.train.{name}: {train[name]} is not from 0 to below 1")
    require_weights(train.loss_weights)
