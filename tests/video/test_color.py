import av
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import Color, probe, read_frames

from .clips import LIMITED, color_chart, level_frames, square_centers, write_clip


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((720, 576), 6)])
def test_untagged_colors_are_guessed_by_size_as_players_do(tmp_path, size, matrix):
    chart = color_chart(*size)
    color = (matrix, 2, 2, LIMITED)
    clip = write_clip(tmp_path / "clip.mp4", [chart], color=color, tagged=False)
    with av.open(clip) as container:
        assert next(container.decode(video=0)).colorspace == 2
    assert probe(clip).color == Color(matrix, matrix, matrix)
    frame = next(read_frames(clip))
    assert np.abs(square_centers(frame) - square_centers(chart)).max() <= 5


def test_a_matrix_that_cannot_be_converted_is_refused(tmp_path):
    ycgco = 8
    clip = write_clip(tmp_path / "clip.mp4", level_frames(1), color=(ycgco, 1, 1, LIMITED))
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(InputError, match="matrix 8"):
            read(clip)


def test_rgb_video_needs_no_matrix(tmp_path):
    chart = color_chart(64, 48)
    clip = write_clip(tmp_path / "clip.mkv", [chart], codec="ffv1", pix_fmt="bgr0")
    assert probe(clip).color == Color()
    np.testing.assert_array_equal(next(read_frames(clip)), chart)
