"""Parts of reports, one file each: pure functions of facts."""
