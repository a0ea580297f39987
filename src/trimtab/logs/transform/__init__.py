"""Log transformers: what comes into a group is parsed and reshaped, and kept beside the line as it came."""
