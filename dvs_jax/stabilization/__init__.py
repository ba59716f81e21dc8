"""A clip to its stabilised video: what is shown of each frame, the drawing, the files."""
