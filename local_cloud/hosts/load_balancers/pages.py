"""What a load balancer says itself, without a target."""

from http import HTTPStatus

SERVER = "awselb/2.0"
PHRASES = {
    301: "Moved Permanently",
    302: "Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def page(status: int) -> str:
    """A short page in HTML, in one line."""
    title = f"{status} {PHRASES.get(status) or HTTPStatus(status).phrase}"
    return f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"


def answer(status: int) -> str:
    """The page, as haproxy's actions take what they answer with."""
    return f"content-type text/html string '{page(status)}' hdr Server {SERVER}"
