"""Flow, network and drawing of many clips at a time on all local devices."""
