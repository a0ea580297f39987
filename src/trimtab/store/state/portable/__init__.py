"""The whole state as one file, whatever database it is in."""
