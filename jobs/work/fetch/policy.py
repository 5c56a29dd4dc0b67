"""What a download may cost and where it may go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits of one download. Impossible values raise ValueError."""

    #: Bytes of the body after decompression.
    max_bytes: int = 10_000_000
    #: From the first lookup to the last byte, all redirects together.
    total_seconds: float = 30.0
    #: Lookup, TCP and TLS of each connection.
    connect_seconds: float = 5.0
    #: Below this many bytes a second for `low_speed_seconds` is too slow. Waiting for the first
    #: byte counts as well. 0 switches the rule off; the total holds all the same.
    low_speed_bytes: int = 500
    #: Whole seconds: libcurl counts nothing finer.
    low_speed_seconds: int = 10
    max_redirects: int = 5
    #: The rule holds for redirects too.
    ports: frozenset[int] = frozenset({80, 443})
    #: Also reach 127.0.0.0/8 and ::1, there on any port. Nothing else private opens with it.
    allow_loopback: bool = False
    user_agent: str = "hachi"
    #: A file of certificate authorities in PEM; None means those of this machine.
    ca_file: str | None = None
    #: libcurl's CURLOPT_RESOLVE, "host:port:address": for tests and for networks whose names mean
    #: something else inside. Addresses given here are checked like those from DNS.
    resolve: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # libcurl reads 0 as "no limit" in most of these places.
        if min(self.max_bytes, self.total_seconds, self.connect_seconds) <= 0:
            raise ValueError("max_bytes, total_seconds and connect_seconds must be above 0.")
        if min(self.low_speed_bytes, self.max_redirects) < 0 or self.low_speed_seconds < 1:
            raise ValueError("The low-speed rule and max_redirects must not be negative.")
        if not self.user_agent.isprintable():
            raise ValueError("user_agent must be printable characters only.")
