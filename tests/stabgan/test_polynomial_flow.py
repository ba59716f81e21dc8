"""Farnebäck's flow on the device beside OpenCV's."""

import cv2
import jax
import numpy as np
import pytest

from dvs_jax.stabgan import farneback, polynomial_flow


@pytest.mark.slow
def test_it_is_opencvs_but_for_rounding_and_few_pixels():
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.normal(size=(120, 200)).astype(np.float32), (0, 0), 2.0)
    texture = np.clip(128 + 400 * texture, 0, 255)
    frames = []
    for number in range(4):
        matrix = cv2.getRotationMatrix2D((100.0, 60.0), 0.7 * number, 1.0 + 0.004 * number)
        matrix[:, 2] += [1.3 * number, -0.8 * number]
        frames.append(cv2.warpAffine(texture, matrix, (200, 120))[24:96, 36:164])
    clip = np.round(np.stack(frames)).astype(np.uint8)
    wanted = farneback.flow_along(clip)
    found = np.asarray(jax.jit(polynomial_flow.flow_along)(clip.astype(np.float32)))
    assert found.shape == wanted.shape == (4, 72, 128, 2)
    assert not found[0].any()
    assert np.abs(wanted[1:]).mean() > 0.5
    error = np.linalg.norm(found - wanted, axis=-1)[1:]
    assert np.median(error) < 2e-3
    assert np.percentile(error, 99.0) < 0.1
