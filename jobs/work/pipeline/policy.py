"""What one chunk may cost: how much at a time, how long, how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.work.fetch import Policy
from jobs.work.images import Format, Limits

LIMITS = Limits(
    size_bytes=20_000_000,
    pixels={
        Format.JPEG: 40_000_000,
        Format.PNG: 25_000_000,
        Format.WEBP: 20_000_000,
        Format.GIF: 25_000_000,
        Format.AVIF: 20_000_000,
    },
    multiscan_pixels=25_000_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPolicy:
    """The limits of a chunk; with the defaults it stays under 300 MB."""

    #: Of one download. Its `max_bytes` should not be above `limits.size_bytes`.
    fetch: Policy = field(default_factory=lambda: Policy(max_bytes=20_000_000, total_seconds=30.0))
    limits: Limits = LIMITS
    #: Downloads at a time, all hosts together.
    downloads: int = 16
    #: Downloads at a time from one host, and the least seconds between two starts there.
    per_host: int = 6
    host_interval: float = 0.0
    #: The same two of hosts that want something else.
    of_host: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    #: After so long no download is begun any more; what was not begun gets no outcome.
    run_seconds: float = float("inf")
    compose_threads: int = 1
    upload_threads: int = 8
    #: What may lie between two stages, and what downloads under way may hold together.
    buffer_bytes: int = 8_000_000
    #: How often a download that is worth retrying is tried in all, before the item fails.
    tries: int = 3
    #: Seconds before the second try; doubled with each further one.
    retry_seconds: float = 1.0
    #: The same for an upload, before the destination counts as down.
    upload_tries: int = 3
    #: A server that asks for a longer wait than this fails its items (worth retrying, later). One
    #: that asks for less is waited for, which is no try.
    longest_wait: float = 30.0
    #: Seconds of decoding, laying on and encoding one picture.
    compose_seconds: float = 20.0
    #: The longer side of the thumbnail in each outcome; 0: none.
    thumbnail_side: int = 0
    #: Outcomes are told at least this often, several at a time.
    tell_seconds: float = 0.5
