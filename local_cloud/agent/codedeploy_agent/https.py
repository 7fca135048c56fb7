"""Openers of HTTPS connections that share one certificate store: loading it costs more than a call."""

from __future__ import annotations

import functools
import ssl
import urllib.request


@functools.lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def opener(proxy: str | None) -> urllib.request.OpenerDirector:
    """Certificates are checked against the system's store; without `proxy` the environment's is used."""
    proxies = {"http": proxy, "https": proxy} if proxy else None
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=_context())
    )
