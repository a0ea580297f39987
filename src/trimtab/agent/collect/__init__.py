"""One file a subject: each reads raw facts of the machine and turns them into readings."""
