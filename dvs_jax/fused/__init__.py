"""DVS, "Deep Online Fused Video Stabilization" (Shi et al., WACV 2022).

Names such as `dvs/loss.py` in comments are files of the released program,
github.com/googleinterns/deep-stabilization.
"""
