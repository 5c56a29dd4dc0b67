"""What people do with jobs and batches, the same for every face."""
