"""The command line: one file a command group. It speaks REST; `up` alone runs the server."""
