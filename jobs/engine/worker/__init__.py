"""A worker's parent: it claims, keeps the ledger, beats, dispatches and stops."""
