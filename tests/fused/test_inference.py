"""To which lengths clips are padded."""

from dvs_jax.fused.inference import padded_length


def test_lengths_fall_into_few_buckets_and_waste_at_most_half():
    assert [padded_length(steps) for steps in (1, 64, 65, 96, 97, 1800)] == [
        *(64, 64, 96, 96, 128, 2048)
    ]
    minute, ten = 1800, 18_000
    assert len({padded_length(steps) for steps in range(minute, ten + 1)}) == 8
    assert max(padded_length(steps) / steps for steps in range(64, ten)) < 1.5
    assert all(padded_length(steps) >= steps for steps in range(1, ten))
