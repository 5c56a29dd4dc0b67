"""What `make` runs: install, run, test, and the servers that they start."""
