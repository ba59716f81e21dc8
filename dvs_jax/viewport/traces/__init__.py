"""Recorded head (and eye and face) movements, as recorders and data sets write them."""
