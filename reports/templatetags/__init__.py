"""How templates write the numbers of a report."""
