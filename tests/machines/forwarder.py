"""Forward TCP connections with a delay each way: `python forwarder.py LISTEN_HOST DELAY_MS PORT=HOST:PORT ...`.

It stands for servers that are far away.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

CHUNK_BYTES = 65536


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_seconds: float) -> None:
    """Copy bytes in order, each chunk `delay_seconds` after it came."""
    clock = asyncio.get_running_loop().time
    chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def read() -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await chunks.put((clock() + delay_seconds, chunk))
        await chunks.put((clock() + delay_seconds, b""))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, chunk = await chunks.get()
            await asyncio.sleep(max(due - clock(), 0))
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    finally:
        reading.cancel()


async def forward(port: int, host: str, host_port: int, delay_seconds: float) -> None:
    """Serve one port for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(host, host_port)
            both = pipe(reader, far_writer, delay_seconds), pipe(far_reader, writer, delay_seconds)
            await asyncio.gather(*both, return_exceptions=True)
            far_writer.close()
        writer.close()

    server = await asyncio.start_server(connected, sys.argv[1], port)
    await server.serve_forever()


async def main() -> None:
    """Forward every pair of the command line."""
    delay_seconds = float(sys.argv[2]) / 1000
    jobs = []
    for pair in sys.argv[3:]:
        port, _, far = pair.partition("=")
        host, _, host_port = far.partition(":")
        jobs.append(forward(int(port), host, int(host_port), delay_seconds))
    await asyncio.gather(*jobs)


if __name__ == "__main__":
    asyncio.run(main())
