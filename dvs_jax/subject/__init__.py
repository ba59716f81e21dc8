"""Keeps a walking person at one place of the picture."""
