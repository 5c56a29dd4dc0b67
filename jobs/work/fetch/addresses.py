"""Which addresses may be connected to. Decided on numbers, never on names."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# `is_global` alone lets through addresses that are not the public internet (which ones depends on
# the Python version), so IPv4 names the gaps, and IPv6 names what is open instead of what is not.
IPV4_NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
)
IPV6_PUBLIC = IPv6Network("2000::/3")
IPV6_NOT_PUBLIC = (
    IPv6Network("2001::/23"),  # protocol assignments: Teredo, ORCHID, benchmarks
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise
    IPv6Network("3fff::/20"),  # documentation
)
LOOPBACKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_public(address: Address) -> bool:
    """Whether this address is on the public internet."""
    address = _unmapped(address)
    if isinstance(address, IPv6Address):
        return address in IPV6_PUBLIC and not any(address in net for net in IPV6_NOT_PUBLIC)
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in net for net in IPV4_NOT_PUBLIC)


def may_connect(host: str, port: int, *, ports: frozenset[int], allow_loopback: bool) -> bool:
    """Whether a socket may be opened to this address (digits, not a name) and port."""
    try:
        address = _unmapped(ip_address(host))
    except ValueError:
        return False
    if allow_loopback and any(address in net for net in LOOPBACKS):
        return True
    return port in ports and is_public(address)


def _unmapped(address: Address) -> Address:
    # ::ffff:10.0.0.1 reaches 10.0.0.1.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
