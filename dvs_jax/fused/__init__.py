"""DVS, "Deep Online Fused Video Stabilization" (Shi et al., WACV 2022)."""
