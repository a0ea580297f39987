"""A source that is read in a thread: its history, then what comes, until it is told to stop; it says how far it is."""
