"""Warping frames by backward grids, on the host and on devices, and making such grids."""
