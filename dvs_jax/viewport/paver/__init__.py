"""PAVER: what is salient in a 360° video, told by a vision transformer without supervision.

"Panoramic Vision Transformer for Saliency Detection in 360° Videos", Yun and others, ECCV 2022.
"""
