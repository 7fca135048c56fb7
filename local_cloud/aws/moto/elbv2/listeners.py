# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What Elastic Load Balancing refuses of listeners, and moto keeps."""

from collections.abc import Iterable
from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.exceptions import DuplicateListenerError, ValidationError
from moto.elbv2.exceptions import ELBClientError as ElbError
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.ssl_policies import SSL_POLICIES
from moto.iam.models import iam_backends

SECURE = {"HTTPS", "TLS"}
LARGEST_PORT = 65535

_original_create = ELBv2Backend.create_listener
_original_modify = ELBv2Backend.modify_listener
_original_add = ELBv2Backend.add_listener_certificates


def create_listener(  # noqa: PLR0917 - moto's
    backend: Any,
    load_balancer_arn: str,
    protocol: str,
    port: str,
    ssl_policy: str,
    certificate: str | None,
    *more: Any,
    **named: Any,
) -> Any:
    """On a port that no other one has; with a certificate where it is to be secure."""
    balancer = backend.load_balancers.get(load_balancer_arn)
    if balancer is not None and any(int(each.port) == int(port or 0) for each in balancer.listeners.values()):
        raise DuplicateListenerError
    if balancer is not None:
        backend._validate_port_and_protocol(balancer.type, port, protocol)  # noqa: SLF001 - its words come first
    if port and not 0 < int(port) <= LARGEST_PORT:
        raise ValidationError(f"Listener port '{port}' must be in the range 1-{LARGEST_PORT} inclusive")
    _check_security(protocol, ssl_policy, certificate)
    return _original_create(
        backend, load_balancer_arn, protocol, port, ssl_policy, certificate, *more, **named
    )


def modify_listener(  # noqa: PLR0917 - moto's
    backend: Any,
    arn: str,
    port: str | None = None,
    protocol: str | None = None,
    ssl_policy: str | None = None,
    certificates: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> Any:
    backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])
    check_certificates(each["CertificateArn"] for each in certificates or [])
    return _original_modify(backend, arn, port, protocol, ssl_policy, certificates or [], actions or [])


def add_certificates(backend: Any, arn: str, certificates: list[dict[str, Any]]) -> Any:
    known = backend.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0].certificates
    check_certificates(each["CertificateArn"] for each in certificates)
    new = [each for each in certificates if each["CertificateArn"] not in known]
    return _original_add(backend, arn, new)


def _check_security(protocol: str, ssl_policy: str, certificate: str | None) -> None:
    if protocol in SECURE and not certificate:
        raise ValidationError(f"A certificate must be specified for {protocol} listeners")
    if protocol in SECURE and ssl_policy not in SSL_POLICIES:
        raise ElbError("SSLPolicyNotFound", f"SSL policy '{ssl_policy}' not found")
    check_certificates([certificate] if certificate else [])


def check_certificates(arns: Iterable[str]) -> None:
    """Each is there, and issued. Codes are AWS's; the words of the second one are its users' reports."""
    for arn in arns:
        status = _status(arn)
        if status is None:
            raise ElbError("CertificateNotFound", f"Certificate '{arn}' not found")
        if status != "ISSUED":
            raise ElbError(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and"
                " a supported key size.",
            )


def _status(arn: str) -> str | None:
    """Of a certificate of ACM or IAM; None where there is none."""
    bundle = acm_certificate(arn)
    if bundle is not None:
        bundle.check()
        return str(bundle.status)
    return "ISSUED" if iam_certificate(arn) is not None else None


def acm_certificate(arn: str) -> Any:
    """moto's record; None where there is none."""
    known = (backend for regions in list(acm_backends.values()) for backend in list(regions.values()))
    # Its own way to one raises an error, and would issue it.
    return next((each._certificates[arn] for each in known if arn in each._certificates), None)  # noqa: SLF001


def iam_certificate(arn: str) -> Any:
    """moto's record; None where there is none."""
    known = (backend for partitions in list(iam_backends.values()) for backend in list(partitions.values()))
    return next((found for each in known if (found := each.get_certificate_by_arn(arn)) is not None), None)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (ELBv2Backend, "create_listener", create_listener),
    (ELBv2Backend, "modify_listener", modify_listener),
    (ELBv2Backend, "add_listener_certificates", add_certificates),
)
