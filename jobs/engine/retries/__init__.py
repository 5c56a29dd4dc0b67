"""Whether another attempt follows, and why."""
