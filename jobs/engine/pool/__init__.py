"""One attempt: its request in the parent, its run in the process or thread of the pool."""
