"""The benchmark of viewports."""

import pytest

from dvs_jax.benchmarks import viewport
from dvs_jax.viewport.paver.architecture import Architecture


@pytest.mark.slow
def test_pavers_maps_are_timed_with_one_frame_and_with_five():
    small = Architecture(height=32, width=16, heads=2, blocks=1, decoder_heads=2)
    rows = list(viewport.paver_maps(small))
    assert [row[0] for row in rows] == [1, 5]
    for together, seconds, instants, frames in rows:
        assert seconds > 0.0
        assert instants == pytest.approx(1.0 / seconds)
        assert frames == pytest.approx(together / seconds)
