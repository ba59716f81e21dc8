"""Networks of TensorFlow Lite's files, run by JAX without TensorFlow."""

from dvs_jax.tflite.network import Apply, Network, Weights, cast, load

__all__ = ["Apply", "Network", "Weights", "cast", "load"]
