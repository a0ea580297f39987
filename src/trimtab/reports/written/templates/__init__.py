"""Templates of reports, one file each."""
