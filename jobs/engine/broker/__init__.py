"""Messages on their way through Redis: written, published, fetched."""
