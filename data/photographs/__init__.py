"""Photographs to train on, from packages: `python -m data.photographs --help`."""
