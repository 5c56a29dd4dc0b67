from ipaddress import ip_address

import pytest

from jobs.work.fetch.addresses import is_public, may_connect

NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.9 192.0.0.170 192.0.2.1 192.88.99.1
192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250
240.0.0.1 255.255.255.255 :: ::1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1
::ffff:169.254.169.254 ::ffff:0:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::10.0.0.1 64:ff9b:1::10.0.0.1
100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1
3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1
"""
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
172.15.255.255 172.32.0.1 192.0.1.1 192.88.98.1 198.17.255.255 198.20.0.1 223.255.255.255
::ffff:8.8.8.8 2001:200::1 2001:4860:4860::8888 2400:cb00::1 2606:4700::1111 2a00:1450::1
3ffe::1
"""
WEB = frozenset({80, 443})


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_a_special_address_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_ordinary_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_a_special_address_is_never_connected_to(address):
    assert not may_connect(address, 80, ports=WEB, allow_loopback=False)


LOOPBACK = {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}


@pytest.mark.parametrize("address", sorted(LOOPBACK))
def test_allowing_loopback_opens_it_on_any_port(address):
    assert may_connect(address, 9_999, ports=WEB, allow_loopback=True)


@pytest.mark.parametrize("address", [a for a in NOT_PUBLIC.split() if a not in LOOPBACK])
def test_allowing_loopback_opens_nothing_else(address):
    assert not may_connect(address, 80, ports=WEB, allow_loopback=True)


@pytest.mark.parametrize("allow_loopback", [False, True])
def test_a_public_address_is_open_on_the_ports_of_the_web_only(allow_loopback):
    reached = [
        port
        for port in (22, 80, 443, 6379, 8080)
        if may_connect("8.8.8.8", port, ports=WEB, allow_loopback=allow_loopback)
    ]
    assert reached == [80, 443]


@pytest.mark.parametrize("text", ["", "localhost", "8.8.8", "/run/docker.sock", "fe80::1%eth0"])
def test_what_is_not_a_public_number_is_refused(text):
    assert not may_connect(text, 80, ports=WEB, allow_loopback=True)
