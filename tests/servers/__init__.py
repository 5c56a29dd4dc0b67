"""Servers on loopback for tests and benchmarks: S3 servers, and one full of bad pictures."""
