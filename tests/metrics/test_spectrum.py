"""Welch's method against SciPy's."""

import numpy as np
import pytest
import scipy

from dvs_jax.metrics.spectrum import welch


@pytest.mark.parametrize(("count", "length"), [(300, 150), (301, 151), (140, 140), (1000, 77)])
def test_it_is_scipys(count, length):
    rng = np.random.default_rng(count)
    series = np.cumsum(rng.normal(size=(count, 3)), axis=0) + np.arange(count)[:, None]
    frequency, density = welch(series, 29.97, length)
    wanted = scipy.signal.welch(series, 29.97, nperseg=length, detrend="linear", axis=0)
    np.testing.assert_allclose(frequency, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(density, wanted[1], rtol=1e-9, atol=1e-12 * wanted[1].max())
