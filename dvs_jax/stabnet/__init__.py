"""StabNet, "Deep Online Video Stabilization With Multi-Grid Warping Transformation Learning".

(Wang et al., TIP 2019, arXiv 1802.08091.) Files named `official…` compute what the released program
does, peculiarities included.
"""
