"""Pipelines: start, take up, note outcomes, go another lap, cancel, retry, clean up."""
