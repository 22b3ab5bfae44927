"""The page on loopback, served until it is told to stop. Law: 127.0.0.1 only, no access log."""

from __future__ import annotations

import contextlib
import sys

from simulator.counter.desk import CounterDesk


async def serve_page(desk: CounterDesk, port: int) -> None:
    """Until it is cancelled; says where it is on standard output."""
    import uvicorn

    from simulator.counter.web import counter_app

    config = uvicorn.Config(
        counter_app(desk),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,  # an open page's event stream would hold the end for ever
    )
    sys.stdout.write(f"yuanlu counter: http://127.0.0.1:{port}  (Ctrl-C ends it; TEST CARDS AND TEST KEYS ONLY)\n")
    sys.stdout.flush()
    server = uvicorn.Server(config)
    # uvicorn would end the process by the signal it got; the core and pcscd must be ended first
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    await server.serve()
