"""Which encoder is taken, and what it is told."""

import logging

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import PRESETS, VideoWriter, encoders, read_frames
from dvs_jax.video.encoders import Encoder, choose, opens

from .clips import hand_made, level_frames, levels

SIZE = (640, 360)


def test_software_is_libx264_as_it_is_told():
    options = {"crf": "21.5", "preset": "slow"}
    assert choose("software", 21.5, "slow", SIZE) == ("libx264", options, "yuv420p")


@pytest.mark.parametrize(
    ("codec", "bit_depth", "name", "pix_fmt"),
    [
        ("h264", 10, "libx264", "yuv420p"),
        ("hevc", 8, "libx265", "yuv420p"),
        ("hevc", 10, "libx265", "yuv420p10le"),
        ("prores", 8, "prores_ks", "yuv422p10le"),
    ],
)
def test_each_codec_has_its_encoder_and_its_pictures(codec, bit_depth, name, pix_fmt):
    chosen = choose("software", 20, "medium", SIZE, codec, bit_depth)
    assert (chosen.name, chosen.pix_fmt) == (name, pix_fmt)
    assert opens(chosen, SIZE)


def test_hardware_of_ten_bits_takes_its_own_format(monkeypatch):
    monkeypatch.setattr(encoders, "opens", lambda *_: True)
    chosen = choose("hardware", 20, "medium", SIZE, "hevc", 10)
    assert (chosen.name, chosen.pix_fmt) == ("hevc_nvenc", "p010le")
    assert choose("hardware", 20, "medium", SIZE, "prores", 10).name == "prores_ks"


def test_another_kind_is_refused():
    with pytest.raises(InputError, match="no encoder 'fast'"):
        choose("fast", 18, "medium", SIZE)
    with pytest.raises(InputError, match="no codec 'av1'; choose one of h264, hevc, prores"):
        choose("software", 18, "medium", SIZE, "av1")


def test_where_no_hardware_opens_software_encodes_and_the_log_says_so(monkeypatch, caplog):
    monkeypatch.setattr(encoders, "opens", lambda *_: False)
    with caplog.at_level(logging.INFO, "dvs_jax"):
        chosen = choose("hardware", 18, "medium", SIZE)
    assert chosen == choose("software", 18, "medium", SIZE)
    assert caplog.messages == ["no hardware encoder can be opened here; libx264 encodes instead"]


def test_the_first_that_opens_is_taken_in_silence(monkeypatch, caplog):
    monkeypatch.setattr(encoders, "opens", lambda encoder, _: encoder.name == "h264_videotoolbox")
    with caplog.at_level(logging.INFO, "dvs_jax"):
        assert choose("hardware", 18, "medium", SIZE).name == "h264_videotoolbox"
    assert not caplog.messages


@pytest.mark.parametrize(
    ("crf", "preset", "options"),
    [
        (18, "medium", {"preset": "p4", "rc": "vbr", "cq": "18", "b": "0"}),
        (0, "ultrafast", {"preset": "p1", "rc": "vbr", "cq": "1", "b": "0"}),
        (51, "veryslow", {"preset": "p7", "rc": "vbr", "cq": "51", "b": "0"}),
    ],
)
def test_nvenc_is_told_the_same_number_on_its_own_scale(monkeypatch, crf, preset, options):
    monkeypatch.setattr(encoders, "opens", lambda *_: True)
    assert choose("hardware", crf, preset, SIZE)[:2] == ("h264_nvenc", options)


def test_videotoolbox_gets_less_quality_for_more_crf(monkeypatch):
    monkeypatch.setitem(encoders.HARDWARE, "h264", ("h264_videotoolbox",))
    monkeypatch.setattr(encoders, "opens", lambda *_: True)
    qualities = [
        int(choose("hardware", crf, "medium", SIZE).options["global_quality"]) / 118
        for crf in (0, 18, 51)
    ]
    assert qualities == [100, 65, 1]


def test_every_preset_has_one_of_nvenc(monkeypatch):
    monkeypatch.setattr(encoders, "opens", lambda *_: True)
    chosen = [choose("hardware", 18, preset, SIZE).options["preset"] for preset in PRESETS]
    assert (chosen[0], chosen[-1]) == ("p1", "p7")
    assert chosen == sorted(chosen)


def test_only_what_can_really_be_opened_counts():
    assert opens(Encoder("libx264", {}), SIZE)
    assert not opens(Encoder("no_such_encoder", {}), SIZE)
    # libx264 has no 4:2:0 of an odd size, as a chip lacks other sizes.
    assert not opens(Encoder("libx264", {}), (641, 361))
    assert not opens(Encoder("libx264", {"preset": "no such preset"}), SIZE)


def test_a_film_is_written_whatever_hardware_there_is(tmp_path):
    info = hand_made(tmp_path)
    frames = level_frames(10, 320, 192)
    with VideoWriter(tmp_path / "out.mp4", info, 320, 192, encoder="hardware") as out:
        for frame, time_ns in zip(frames, info.time_ns, strict=True):
            out.write(frame, int(time_ns))
    assert np.abs(np.subtract(levels(read_frames(tmp_path / "out.mp4")), range(10))).max() <= 1
