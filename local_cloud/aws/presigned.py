"""Presigned addresses of S3: they end, and hold only for whoever had the secret of their access key."""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders, urlsplit
from botocore.credentials import Credentials

from local_cloud.aws.errors import RefusedError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LONGEST = timedelta(days=7)
"""Of the newer signatures; the older ones have no end of their own."""
DATE = "%Y%m%dT%H%M%SZ"
SUB_RESOURCES = HmacV1QueryAuth.QSAOfInterest
"""What of a query the older signatures are made of."""

Secret = Callable[[str], str | None]
"""The secret of an access key; None where the account doesn't know it."""


class _OlderAuth(HmacV1QueryAuth):
    """botocore's older signature, of an end that is known."""

    def __init__(self, credentials: Credentials, end: str) -> None:
        super().__init__(credentials)
        self._end = end

    def _get_date(self) -> str:
        return self._end


def _now() -> datetime:
    return datetime.now(UTC)


def check(environ: "WSGIEnvironment", secret: Secret) -> None:
    """Raises what S3 says. An access key that the account doesn't know is believed, as anywhere here."""
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    if "X-Amz-Signature" in query:
        _check_newer(environ, query, secret, _now())
    elif {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys():
        _check_older(environ, query, secret, _now())


def _check_newer(environ: "WSGIEnvironment", query: Mapping[str, str], secret: Secret, now: datetime) -> None:
    try:
        signed = datetime.strptime(query["X-Amz-Date"], DATE).replace(tzinfo=UTC)
        lifetime = timedelta(seconds=int(query["X-Amz-Expires"]))
        access_key, _, region, service, _ = query["X-Amz-Credential"].split("/")
        names = query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError, OverflowError):
        raise RefusedError(
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential,"
            " X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ) from None
    if not timedelta() <= lifetime <= LONGEST:
        raise RefusedError(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be"
            " less than 604800 seconds",
        )
    if now > signed + lifetime:
        raise RefusedError("AccessDenied", "Request has expired", 403)
    known = secret(access_key)
    if known is None:
        return
    auth = S3SigV4QueryAuth(Credentials(access_key, known), service, region)
    request = _request(environ, without="X-Amz-Signature")
    given = _headers(environ)
    for name in names:
        request.headers[name] = given.get(name, "")
    request.context["timestamp"] = query["X-Amz-Date"]
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    _compare(expected, query["X-Amz-Signature"])


def _check_older(environ: "WSGIEnvironment", query: Mapping[str, str], secret: Secret, now: datetime) -> None:
    if not query["Expires"].isascii() or not query["Expires"].isdigit():
        raise RefusedError("AccessDenied", "Invalid date (should be seconds since epoch)", 403)
    if now.timestamp() > int(query["Expires"]):
        raise RefusedError("AccessDenied", "Request has expired", 403)
    known = secret(query["AWSAccessKeyId"])
    if known is None:
        return
    auth = _OlderAuth(Credentials(query["AWSAccessKeyId"], known), query["Expires"])
    headers = HTTPHeaders()
    for name, value in {**_headers(environ), **query}.items():
        if name.lower().startswith("x-amz-") or name in {"content-type", "content-md5"}:
            headers[name] = value
    path, _, asked = environ["RAW_URI"].partition("?")
    kept = "&".join(each for each in asked.split("&") if each.partition("=")[0] in SUB_RESOURCES)
    split = urlsplit(f"{path}?{kept}")
    expected = auth.get_signature(
        environ["REQUEST_METHOD"],
        split,
        headers,  # type: ignore[arg-type] # the stubs do not know what it asks of them
        auth_path=_resource(environ, split.path),
    )
    _compare(expected, query["Signature"])


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    """By names in lower case. WSGI has two of them under names of their own, empty where there are none."""
    given = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    given |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {name.replace("_", "-").lower(): value for name, value in given.items()}


def _resource(environ: "WSGIEnvironment", path: str) -> str:
    """The older signatures are of the path with the bucket, also where the host's name has it.

    A bucket by itself ends in a slash.
    """
    host = environ.get("HTTP_HOST", "")
    if ".s3." in host or ".s3-" in host:
        return f"/{host.partition('.s3')[0]}{path}"
    return path if path.count("/") > 1 else f"{path}/"


def _request(environ: "WSGIEnvironment", without: str) -> AWSRequest:
    path, _, query = environ["RAW_URI"].partition("?")
    kept = "&".join(each for each in query.split("&") if not each.startswith(f"{without}="))
    url = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}{path}?{kept}"
    return AWSRequest(method=environ["REQUEST_METHOD"], url=url)


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise RefusedError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key"
            " and signing method.",
            403,
        )
