"""What the Ctrl-K menu finds: pages and every kind of object by name, and what an id is the id of."""
