"""Seeds of the weights to test with (see `tests.state_dicts`)."""

GENERATOR_SEED, DISCRIMINATOR_SEED, VGG_SEED = 4001, 4002, 4003
