"""How salient each direction of a 360° video is, told by its frames, one by one."""
