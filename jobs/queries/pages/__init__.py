"""Search over the indexed pages. The index is the database's own (migration 0002)."""

from jobs.queries.pages.search import PageHit, Piece, SearchResult, search_pages

__all__ = ["PageHit", "Piece", "SearchResult", "search_pages"]
