"""STAR-VP: a network that predicts where a viewer looks from motion and saliency."""
