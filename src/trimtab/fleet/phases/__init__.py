"""What held GPU-hours did: productive, or lost to one of eight causes, or unknown."""
