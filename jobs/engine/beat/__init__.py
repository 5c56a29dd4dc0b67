"""Ticks of schedules become jobs."""
