"""StabGAN: a network of 3-D convolutions that finds an affine map for each frame of a clip.

After "DeepStab-GAN" (the public repository Bishakha0808/CNN-Based-Video-Stabilization, 2025). Files
named `official…` compute what its program does, peculiarities included.
"""
