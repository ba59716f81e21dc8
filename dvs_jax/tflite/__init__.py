"""Networks of TensorFlow Lite's files, run by JAX without TensorFlow."""

from dvs_jax.tflite.network import Network, Weights, cast, load

__all__ = ["Network", "Weights", "cast", "load"]
