"""Made-up 360° videos and people who watch them, of which everything is known."""
