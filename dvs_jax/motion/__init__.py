"""How the camera moved, told by pictures alone, and what it takes to steady them.

Tracked corners (`corners`, `tracking`), but for those on what is fixed to the camera (`attached`),
give a similarity from frame to frame (`similarity`), composed exactly to a camera over a plane
(`plane`). Its path is smoothed within the crop (`planning`); what the path cannot explain becomes a
small mesh (`mesh`). How long a frame's readout takes, and what it bends, is told too
(`rolling_shutter`). `steadying` puts these together as a stream with explicit state. All but
tracking is jitted and can be mapped over clips.

Points lie in the plane of a picture: x to the right and y down from its centre, both in units of
the picture's width.
"""
