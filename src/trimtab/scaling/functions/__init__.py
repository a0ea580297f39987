"""Functions: versions, aliases, and the concurrency that is provisioned and reserved for them."""
