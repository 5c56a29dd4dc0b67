"""What the end of a job means, and whom it sets going."""
