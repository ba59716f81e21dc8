"""Where a viewer of a 360° video looks in the next seconds."""
