"""Lambda: metadata of functions, versions and aliases; provisioned and reserved concurrency; invocations."""
