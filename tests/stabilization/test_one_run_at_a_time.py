"""Two runs into one folder never mix their results."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.stabilization.making import results_of
from dvs_jax.stabilization.run import stabilize
from dvs_jax.whole_file import locked

REFUSAL = "another run is writing the results of walking there"


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_is_refused(walk, tmp_path):
    clip, out = load_clip(walk), tmp_path / "out"
    refused = pytest.raises(InputError, match=REFUSAL)
    with ThreadPoolExecutor(1) as other, locked(out, results_of(clip)), refused:
        other.submit(stabilize, clip, out, smoother="gaussian").result()
    assert list(out.iterdir()) == []
    stabilize(clip, out, smoother="gaussian")
    assert not list(out.glob(".*"))
