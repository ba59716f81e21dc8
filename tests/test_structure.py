"""How the package is laid out: few doors, and functions that fit on a screen."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "dvs_jax"

LONGEST_BODY = 40
"""Lines of a function without its signature and its docstring."""

ROOMS = {
    "app",
    "benchmarks",
    "calibration",
    "cli",
    "evaluation",
    "export",
    "flow",
    "fused",
    "methods",
    "metrics",
    "motion",
    "notebook",
    "recordings",
    "sensors",
    "smoothing",
    "stabgan",
    "stabilization",
    "stabnet",
    "storage",
    "subject",
    "synthetic",
    "tflite",
    "training",
    "video",
    "viewport",
    "warping",
    "weights",
    "whole_file",
}
FILES = {
    "__init__.py",
    "__main__.py",
    "bounded_file.py",
    "cache_folder.py",
    "camera.py",
    "camera_path.py",
    "checkpoint.py",
    "clip.py",
    "compilation_cache.py",
    "errors.py",
    "lens.py",
    "plots.py",
    "pretrained.py",
    "progress.py",
    "py.typed",
    "quaternion.py",
    "stages.py",
    "timing.py",
    "torch_file.py",
}


def test_nothing_but_the_planned_doors_is_there():
    doors = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert doors - ROOMS - FILES == set()


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first, last = function.body[0], function.body[-1]
    if ast.get_docstring(function) is not None:
        if len(function.body) == 1:
            return 0
        first = function.body[1]
    return last.end_lineno - first.lineno + 1


def test_docstring_and_signature_do_not_count():
    (function,) = ast.parse(
        "def f(\n    a,\n):\n    '''One.\n\n    Two.'''\n    a\n    return a"
    ).body
    assert body_lines(function) == 2


@pytest.mark.slow
def test_functions_fit_on_a_screen():
    too_long = {
        f"{file.relative_to(PACKAGE)}: {node.name}": body_lines(node)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_lines(node) > LONGEST_BODY
    }
    assert too_long == {}
