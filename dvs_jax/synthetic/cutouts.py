"""Images for billboards: trees, signs, posters, lamps, planters.

Each is an RGBA image with premultiplied alpha, so that it can be shrunk and interpolated without
dark or bright edges.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from dvs_jax.synthetic.backdrop import to_bytes
from dvs_jax.synthetic.noise import blend, colour, fractal_noise, smoothstep
from dvs_jax.synthetic.pyramid import Level, make_pyramid

LEVELS = 5
SHADOW_TEXEL_M = 0.04
SHADOW_ASPECT = 0.6
SHADOW_DEPTH = 0.45
"""Share of the light that a shadow removes at its darkest."""
BARK = colour(92, 70, 52)
INK = colour(28, 30, 48)
UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])

Picture = Float[np.ndarray, "row column 4"]


@dataclass(frozen=True)
class Cutout:
    """An image of a flat object.

    Attributes:
        width_m: metres.
        height_m: metres.
        texel_m: side of a pixel of the finest level, metres.
        pyramid: uint8 RGBA, premultiplied, levels of decreasing resolution.
    """

    width_m: float
    height_m: float
    texel_m: float
    pyramid: list[Level]


def paint_cutouts(seed: int, texel_m: float) -> list[Cutout]:
    """Paint one of each kind in pixels of `texel_m` metres."""
    kinds: list[tuple[Callable[[np.random.Generator, tuple[int, int]], Picture], float, float]] = [
        (_paint_tree, 3.2, 4.6),
        (_paint_tree, 2.6, 3.6),
        (_paint_tree, 4.0, 5.4),
        (_paint_poster, 1.3, 2.2),
        (_paint_poster, 1.6, 2.2),
        (_paint_poster, 1.3, 2.4),
        (_paint_sign, 1.6, 2.4),
        (_paint_lamp, 0.9, 3.8),
        (_paint_planter, 1.8, 1.1),
    ]
    cutouts = []
    for number, (paint, width_m, height_m) in enumerate(kinds):
        size = (round(width_m / texel_m), round(height_m / texel_m))
        picture = paint(np.random.default_rng([seed, 30, number]), size)
        pyramid = make_pyramid(_premultiply(picture), LEVELS)
        cutouts.append(Cutout(width_m, height_m, texel_m, pyramid))
    return cutouts


@functools.cache
def paint_panel(seed: int, width_m: float, height_m: float, texel_m: float) -> Cutout:
    """Paint a brick wall of a given size, which nothing is seen through."""
    size = round(width_m / texel_m), round(height_m / texel_m)
    picture = _empty(size)
    picture[..., :3] = _bricks(np.random.default_rng([seed, 31]), size)
    picture[..., 3] = 1.0
    return Cutout(width_m, height_m, texel_m, make_pyramid(_premultiply(picture), LEVELS))


def paint_shadow(width_m: float) -> Cutout:
    """Paint a soft shadow for the ground under a billboard of that width."""
    depth_m = SHADOW_ASPECT * width_m
    size = round(width_m / SHADOW_TEXEL_M), round(depth_m / SHADOW_TEXEL_M)
    x, y = (np.linspace(-1, 1, side, dtype=np.float32) for side in size)
    picture = _empty(size)
    picture[..., 3] = SHADOW_DEPTH * smoothstep(1.0, 0.35, np.hypot(x, y[:, None]))
    return Cutout(width_m, depth_m, SHADOW_TEXEL_M, make_pyramid(_premultiply(picture), 3))


def _premultiply(picture: Picture) -> Level:
    """Blur the edges against aliasing, and premultiply the colour by alpha."""
    coverage = picture[..., 3:]
    premultiplied = np.concatenate([picture[..., :3] * coverage, 255.0 * coverage], axis=-1)
    premultiplied[[0, -1]] = 0.0
    premultiplied[:, [0, -1]] = 0.0
    return to_bytes(cv2.GaussianBlur(premultiplied.astype(np.float32), (0, 0), 0.7))


def _empty(size: tuple[int, int]) -> Picture:
    return np.zeros((size[1], size[0], 4), np.float32)


def _fill(picture: Picture, rgb: Float[np.ndarray, "*#shape"], box: tuple[float, ...]) -> None:
    """Fill a box, given as left, top, right and bottom in fractions of the image."""
    height, width, _ = picture.shape
    left, right = round(box[0] * width), max(round(box[2] * width), round(box[0] * width) + 2)
    top, bottom = round(box[1] * height), round(box[3] * height)
    picture[top:bottom, left:right, :3] = rgb
    picture[top:bottom, left:right, 3] = 1.0


def _paint_tree(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    picture = _empty(size)
    bark = fractal_noise(rng, size, (24, 4), 5, 0.7)[..., None]
    middle = rng.uniform(0.46, 0.54)
    _fill(picture, BARK, (middle - 0.035, 0.5, middle + 0.035, 1.0))
    picture[..., :3] = np.clip(BARK * (1.0 + 0.3 * bark), 0, 255)
    mass, light = _crown(rng, size)
    leaves = fractal_noise(rng, size, (12, 16), 7, 0.85)
    tone = np.clip(0.8 + 0.35 * light + 0.22 * leaves, 0.25, 1.5)[..., None]
    tint = rng.uniform(0.88, 1.12, 3).astype(np.float32)
    coverage = smoothstep(0.42, 0.52, mass + 0.09 * leaves).astype(np.float32)
    blend(picture[..., :3], np.clip(colour(92, 122, 58) * tint * tone, 0, 255), coverage)
    np.maximum(picture[..., 3], coverage, out=picture[..., 3])
    return picture


def _crown(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[Float[np.ndarray, "row column"], Float[np.ndarray, "row column"]]:
    """Return the leaves' density, and how much light falls on them: heaps lit from above left.

    Both are soft, so a quarter of the picture's resolution is enough to compute them.
    """
    x = np.linspace(0, 1, size[0] // 4, dtype=np.float32)
    y = np.linspace(0, 1, size[1] // 4, dtype=np.float32)[:, None]
    mass, light = np.zeros((2, len(y), len(x)), np.float32)
    for _ in range(20):
        angle, away = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random()) * 0.24
        center = 0.5 + away * np.cos(angle), 0.36 + away * np.sin(angle)
        radius = rng.uniform(0.07, 0.13)
        dx, dy = (x - center[0]) / radius, (y - center[1]) / (0.75 * radius)
        heap = np.exp(-0.5 * (dx * dx + dy * dy))
        mass += 0.5 * heap
        light += heap * np.clip(-0.4 * dx - 0.6 * dy, -1.0, 1.0)
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    mass *= smoothstep(0.01, 0.08, rim)
    light /= 0.4 + mass
    return cv2.resize(mass, size), cv2.resize(light, size)


def _paint_poster(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Paint a frame on two legs with shapes, a checker and words: corners to track."""
    picture = _empty(size)
    for left in (0.1, 0.82):
        _fill(picture, colour(60, 62, 66), (left, 0.6, left + 0.08, 0.99))
    _fill(picture, colour(44, 46, 50), (0.03, 0.02, 0.97, 0.8))
    _fill(picture, colour(*rng.uniform(150, 240, 3)), (0.07, 0.045, 0.93, 0.775))
    panel = picture[round(0.045 * size[1]) : round(0.775 * size[1]), :, :3]
    _draw_shapes(rng, panel)
    _draw_words(panel, str(rng.choice(["JAZZ", "EXPO", "MUSEUM", "CIRCUS"])), 0.2)
    _draw_words(panel, f"{rng.integers(1, 28)}.{rng.integers(1, 12)}.  20 h", 0.93)
    paper = fractal_noise(rng, size, (8, 12), 6, 0.8)[..., None]
    picture[..., :3] = np.clip(picture[..., :3] * (1.0 + 0.04 * paper), 0, 255)
    return picture


def _draw_shapes(rng: np.random.Generator, panel: Float[np.ndarray, "row column 3"]) -> None:
    height, width, _ = panel.shape
    side = width / 12
    for row in range(5):
        for column in range(8):
            left, top = (2 + column) * side, height * 0.28 + row * side
            tone = (30, 32, 40) if (row + column) % 2 else (240, 238, 230)
            _polygon(panel, np.array([left, top]) + side * UNIT_SQUARE, tone)
    for _ in range(7):
        center = rng.uniform([0.2 * width, 0.62 * height], [0.8 * width, 0.8 * height])
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        reach = width * rng.uniform(0.08, 0.18)
        outline = center + reach * np.stack([np.cos(turns), np.sin(turns)], axis=-1)
        _polygon(panel, outline, tuple(rng.uniform(20, 235, 3)))


def _polygon(
    panel: Float[np.ndarray, "row column 3"],
    outline: Float[np.ndarray, "corner 2"],
    rgb: tuple[float, ...],
) -> None:
    """Fill a polygon whose corners are given to a sixteenth of a pixel."""
    mask = np.zeros(panel.shape[:2], np.uint8)
    corners = np.rint(outline * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=4)
    left, top, width, height = cv2.boundingRect(mask)
    box = slice(top, top + height), slice(left, left + width)
    blend(panel[box], colour(*rgb), mask[box].astype(np.float32) / 255)


def _draw_words(
    panel: Float[np.ndarray, "row column 3"],
    words: str,
    baseline: float,
    rgb: Float[np.ndarray, "3"] = INK,
) -> None:
    """Write words across three quarters of the panel's width."""
    height, width, _ = panel.shape
    font = cv2.FONT_HERSHEY_DUPLEX
    (natural, _), _ = cv2.getTextSize(words, font, 1.0, 1)
    size = 0.72 * width / natural
    mask = np.zeros((height, width), np.uint8)
    start = (round(0.14 * width), round(baseline * height))
    cv2.putText(mask, words, start, font, size, 255, max(1, round(2 * size)), cv2.LINE_AA)
    blend(panel, rgb, mask.astype(np.float32) / 255)


def _paint_sign(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Paint a street sign on a pole."""
    picture = _empty(size)
    _fill(picture, colour(128, 130, 132), (0.48, 0.1, 0.53, 0.99))
    places = rng.permutation(["STATION", "CENTRE", "HARBOUR", "MARKET", "PARK 7"])
    boards = (0.02, (24, 92, 60)), (0.21, (26, 66, 132)), (0.40, (150, 40, 36))
    for (top, rgb), place in zip(boards, places[:3], strict=True):
        _fill(picture, colour(236, 238, 236), (0.02, top, 0.98, top + 0.17))
        _fill(picture, colour(*rgb), (0.035, top + 0.011, 0.965, top + 0.159))
        panel = picture[round(top * size[1]) : round((top + 0.17) * size[1]), :, :3]
        _draw_words(panel, place, 0.72, colour(236, 238, 236))
    return picture


def _paint_lamp(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    picture = _empty(size)
    _fill(picture, colour(52, 56, 60), (0.46, 0.12, 0.54, 0.99))
    _fill(picture, colour(40, 43, 46), (0.40, 0.86, 0.60, 0.99))
    _fill(picture, colour(52, 56, 60), (0.22, 0.12, 0.78, 0.135))
    for left in (0.14, 0.66):
        _fill(picture, colour(44, 46, 48), (left, 0.10, left + 0.2, 0.12))
        _fill(picture, colour(250, 240, 205), (left + 0.02, 0.12, left + 0.18, 0.185))
    wear = fractal_noise(rng, size, (3, 12), 5)[..., None]
    picture[..., :3] = np.clip(picture[..., :3] * (1.0 + 0.05 * wear), 0, 255)
    return picture


def _paint_planter(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Paint a brick trough with a shrub."""
    picture = _empty(size)
    leaves = fractal_noise(rng, size, (14, 8), 6, 0.85)
    y = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, size[0], dtype=np.float32)
    crest = 0.12 + 0.25 * x**4 + 0.08 * fractal_noise(rng, (size[0], 64), (6, 1), 5)[32]
    coverage = smoothstep(0.0, 0.04, y - crest) * (y < 0.6) * (np.abs(x) < 0.97)
    green = np.clip(colour(66, 112, 48) * (1.0 + 0.35 * leaves)[..., None], 0, 255)
    picture[..., :3] = green
    picture[..., 3] = coverage
    bloom = (fractal_noise(rng, size, (30, 18), 1) > 1.5)[..., None]
    picture[..., :3] = np.where(bloom, colour(222, 84, 110), picture[..., :3])
    trough = slice(round(0.55 * size[1]), round(0.99 * size[1]))
    picture[trough, 2:-2, :3] = _bricks(rng, (size[0], size[1]))[trough, 2:-2]
    picture[trough, 2:-2, 3] = 1.0
    return picture


def _bricks(rng: np.random.Generator, size: tuple[int, int]) -> Float[np.ndarray, "row column 3"]:
    courses, bricks = 12, 8
    row = np.arange(size[1]) * courses // size[1]
    position = np.arange(size[0])[None] * bricks / size[0] + 0.5 * (row[:, None] % 2)
    tone = rng.uniform(0.75, 1.1, (courses, bricks + 1))[row[:, None], position.astype(int)]
    wall = (colour(158, 84, 62) * tone[..., None]).astype(np.float32)
    upright = (position % 1.0) < 0.05
    level = (np.arange(size[1]) * courses / size[1] % 1.0) < 0.12
    wall[upright | level[:, None]] = colour(190, 184, 174)
    return wall
