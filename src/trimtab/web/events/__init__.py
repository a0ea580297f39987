"""What the pages of event rules share."""
