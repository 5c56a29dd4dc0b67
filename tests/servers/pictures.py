"""An image server that misbehaves on purpose, by what the path asks for.

/photo/7.jpg    a photo             /silent/7      no answer
/missing/7      404                 /slow/7        a few bytes a second
/error/7        500                 /endless/7     bytes without end
/page/7.jpg     a web page          /private/7     a redirect to 10.0.0.1
/truncated/7    half a photo        /bomb/7        small files that decode to gigabytes
/gone-on/7      503 once, then a photo             /busy/7   429 with Retry-After, then a photo
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.photos import KINDS, photo
from tests.servers.wire import Asked, Write, arguments, reply, serve, started
from tests.unit.jobs.work import image_corpus as corpus

LONGEST_SECONDS = 120
KIND = "Content-Type: image/jpeg"
#: What `/bomb/` serves, in turn.
BOMBS = (
    lambda: corpus.png(30_000, 30_000, rows=3_000),
    lambda: corpus.webp_claiming(16_383, 16_383),
    lambda: corpus.jpeg_claiming(65_500, 65_500),
    lambda: corpus.jpeg_of_many_scans(2_000, side=200),
    lambda: corpus.avif_claiming(12_000, 12_000),
)


class Pictures:
    """Answers by path."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.bombs = [build() for build in BOMBS]
        self.photos = [photo(kind) for kind in range(KINDS)]
        self.asked: set[str] = set()

    async def answer(self, asked: Asked, write: Write) -> bool:
        await asyncio.sleep(self.latency)
        _, kind, rest = asked.path.split("/", 2)
        number = int(rest.split(".")[0])
        data = self.photos[number % len(self.photos)]
        match kind:
            case "photo":
                await write(reply(200, data, KIND))
            case "missing":
                await write(reply(404))
            case "error":
                await write(reply(500))
            case "page":
                await write(reply(200, b"<!doctype html><title>Moved</title>", KIND))
            case "truncated":
                await write(reply(200, data[: len(data) // 2], KIND))
            case "bomb":
                await write(reply(200, self.bombs[number % len(self.bombs)], KIND))
            case "private":
                await write(reply(302, b"", "Location: http://10.0.0.1/secret.jpg"))
            case "gone-on" | "busy" if asked.path in self.asked:
                await write(reply(200, data, KIND))
            case "gone-on":
                await write(reply(503))
            case "busy":
                await write(reply(429, b"", "Retry-After: 1"))
            case _:
                return await self._hold(kind, data, write)
        self.asked.add(asked.path)
        return True

    async def _hold(self, kind: str, data: bytes, write: Write) -> bool:
        """Keep the client waiting in one of three ways."""
        if kind == "silent":
            await asyncio.sleep(LONGEST_SECONDS)
        elif kind == "slow":
            await write(reply(200, data[:100], KIND, length=len(data)))
            for _ in range(LONGEST_SECONDS * 5):
                await asyncio.sleep(0.2)
                await write(b"x" * 10)
        else:
            await write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + data)
            while True:
                await write(b"x" * 65_536)
        return False


@contextmanager
def picture_server(latency: float = 0.0) -> Iterator[str]:
    """The server in a process of its own; its address."""
    with started("pictures", "--latency", str(latency)) as url:
        yield url


if __name__ == "__main__":
    options = arguments().parse_args()
    asyncio.run(serve(Pictures(options.latency).answer, options.note))
