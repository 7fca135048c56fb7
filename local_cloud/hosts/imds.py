"""The instance metadata service: 169.254.169.254 on the hosts' network.

It lives in a network namespace of its own that is plugged into the bridge like a
host, so that neither this machine nor a host has the address or its port, and it
ends with the thread that made it. As on EC2, who asks is told by where it comes from.

Every answer is read from the account at the time of the request, so that an
instance profile that is attached later shows up at once.
"""

import base64
import json
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Protocol

from moto.sts.models import sts_backends

from local_cloud.hosts.namespaces import leave_namespace

ADDRESS = "169.254.169.254"
LONGEST_TOKEN = 21600
CREDENTIALS_LAST = timedelta(hours=6)
CREDENTIALS_RENEWED_BEFORE = timedelta(minutes=15)
VERSION = re.compile(r"latest|\d{4}-\d{2}-\d{2}")

Node = str | Callable[[], str] | Mapping[str, Any]
"""A value, how to make one, or a folder of nodes. In a folder's listing, a folder ends with `/`."""


class Headers(Protocol):
    """Of a request; names in any case."""

    def get(self, name: str, /) -> str | None: ...


class _Server(ThreadingTCPServer):
    """Not http.server's, which asks the resolver for the name of its address."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the parent's types
        """A host that is switched off drops its connections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class MetadataServer:
    """Answers each host with what is its own."""

    def __init__(self) -> None:
        self._services: dict[str, MetadataService] = {}
        self._server: _Server | None = None

    def start(self, plug: Callable[[int], None]) -> None:
        """Answers until `stop`. `plug` is given a thread whose namespace it plugs into the network."""
        ready: Future[_Server] = Future()
        threading.Thread(target=self._serve, args=(plug, ready), name="imds", daemon=True).start()
        self._server = ready.result()

    def stop(self) -> None:
        """Ends the service, and with it its namespace."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def add(self, address: str, service: "MetadataService") -> None:
        """From now on `service` answers the host with this private address."""
        self._services[address] = service

    def remove(self, address: str) -> None:
        """The host is no more."""
        self._services.pop(address, None)

    def _serve(self, plug: Callable[[int], None], ready: "Future[_Server]") -> None:
        try:
            leave_namespace()
            plug(threading.get_native_id())
            server = _Server((ADDRESS, 80), _handler(self._services))
        except BaseException as error:  # noqa: BLE001 - raised again by `start`
            ready.set_exception(error)
            return
        ready.set_result(server)
        server.serve_forever()


class MetadataService:
    """What one host is told.

    `find_instance` returns moto's record of the instance, or None once it is gone.
    """

    def __init__(self, find_instance: Callable[[], Any], *, public_key: str | None) -> None:
        self._find_instance = find_instance
        self._public_key = public_key
        self._tokens: dict[str, float] = {}
        self._credentials: dict[str, Any] = {}

    def new_token(self, headers: Headers) -> tuple[HTTPStatus, str]:
        """A token, for PUT /latest/api/token."""
        instance = self._find_instance()
        if (
            instance is None
            or instance.metadata_options.http_endpoint != "enabled"
            or headers.get("X-Forwarded-For")
        ):
            return HTTPStatus.FORBIDDEN, ""
        seconds = headers.get("X-aws-ec2-metadata-token-ttl-seconds") or ""
        if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_TOKEN:
            return HTTPStatus.BAD_REQUEST, ""
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe(40) + "=="
        self._tokens[token] = now + int(seconds)
        return HTTPStatus.OK, token

    def read(self, path: str, headers: Headers) -> tuple[HTTPStatus, str]:
        """The answer to a GET."""
        instance = self._find_instance()
        if instance is None or instance.metadata_options.http_endpoint != "enabled":
            return HTTPStatus.FORBIDDEN, ""
        token = headers.get("X-aws-ec2-metadata-token")
        if token is None and instance.metadata_options.http_tokens == "required":
            return HTTPStatus.UNAUTHORIZED, ""
        if token is not None and self._tokens.get(token, 0) <= time.monotonic():
            return HTTPStatus.UNAUTHORIZED, ""
        return _read(self._tree(instance), path)

    def hop_limit(self) -> int:
        """The IP time to live of answers: beyond it they do not travel."""
        instance = self._find_instance()
        return int(instance.metadata_options.http_put_response_hop_limit) if instance else 1

    def _tree(self, instance: Any) -> Node:  # noqa: ANN401 - moto's Instance
        tree: dict[str, Node] = {
            "dynamic": {"instance-identity": {"document": lambda: _json(_identity_document(instance))}},
            "meta-data": {**_metadata(instance, self._public_key), **self._iam(instance)},
        }
        if instance.user_data is not None:
            tree["user-data"] = lambda: _user_data(instance)
        return tree

    def _iam(self, instance: Any) -> Mapping[str, Node]:  # noqa: ANN401 - moto's Instance
        association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
        profile = association.iam_instance_profile if association else None
        if profile is None or not profile.roles:
            return {}
        role = profile.roles[0]
        info = {
            "Code": "Success",
            "LastUpdated": _stamp(datetime.now(UTC)),
            "InstanceProfileArn": profile.arn,
            "InstanceProfileId": profile.id,
        }
        return {
            "iam": {
                "info": _json(info),
                "security-credentials": {role.name: lambda: _json(self._role_credentials(instance, role))},
            }
        }

    def _role_credentials(self, instance: Any, role: Any) -> Mapping[str, str]:  # noqa: ANN401 - moto's
        now = datetime.now(UTC)
        if not _trusts_ec2(role):
            return {
                "Code": "AssumeRoleUnauthorizedAccess",
                "Message": f"EC2 cannot assume the role {role.name}. Please see documentation at "
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"
                "#troubleshoot_iam-ec2_errors-info-doc.",
                "LastUpdated": _stamp(now),
            }
        session = self._credentials.get(role.arn)
        if session is None or _aware(session.expiration) - now < CREDENTIALS_RENEWED_BEFORE:
            backend = instance.ec2_backend
            session = sts_backends[backend.account_id][backend.partition].assume_role(
                region_name=backend.region_name,
                role_session_name=instance.id,
                role_arn=role.arn,
                policy="",
                duration=int(CREDENTIALS_LAST.total_seconds()),
                external_id="",
            )
            self._credentials[role.arn] = session
        return {
            "Code": "Success",
            "LastUpdated": _stamp(_aware(session.expiration) - CREDENTIALS_LAST),
            "Type": "AWS-HMAC",
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "Expiration": _stamp(_aware(session.expiration)),
        }


def _handler(services: Mapping[str, MetadataService]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "EC2ws"
        sys_version = ""

        def do_GET(self) -> None:
            service = services.get(self.client_address[0])
            if service is None:
                self._answer(HTTPStatus.NOT_FOUND, "")
            else:
                self._answer(*service.read(self.path, self.headers))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service = services.get(self.client_address[0])
            if service is None or self.path.rstrip("/") != "/latest/api/token":
                self._answer(HTTPStatus.NOT_FOUND, "")
                return
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, service.hop_limit())
            status, token = service.new_token(self.headers)
            seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            self._answer(status, token, {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": seconds} if token else {})

        def _answer(self, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> None:
            body = (text if status is HTTPStatus.OK else _error_page(status)).encode(errors="surrogateescape")
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if status is HTTPStatus.OK else "text/html")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            """Nothing: the answers hold credentials, and their paths say nothing of use."""

    return Handler


def _error_page(status: HTTPStatus) -> str:
    title = f"{status.value} - {status.phrase}"
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n<html xmlns="http://www.w3.org/1999/xhtml">\n'
        f" <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    )


def _read(tree: Node, path: str) -> tuple[HTTPStatus, str]:
    parts = [part for part in path.split("?", 1)[0].split("/") if part]
    if not parts:
        return HTTPStatus.OK, "latest"
    if not VERSION.fullmatch(parts[0]):
        return HTTPStatus.NOT_FOUND, ""
    node = tree
    for part in parts[1:]:
        if not isinstance(node, Mapping) or part not in node:
            return HTTPStatus.NOT_FOUND, ""
        node = node[part]
    if isinstance(node, Mapping):
        return HTTPStatus.OK, "\n".join(_listed(name, child) for name, child in sorted(node.items()))
    return HTTPStatus.OK, node if isinstance(node, str) else node()


def _listed(name: str, child: Node) -> str:
    if isinstance(child, _NamedFolder):
        return f"{name}={child.label}"
    return f"{name}/" if isinstance(child, Mapping) else name


class _NamedFolder(dict[str, Node]):
    """A folder that is listed with a label: `0=name-of-the-key-pair`."""

    def __init__(self, label: str, **nodes: Node) -> None:
        super().__init__({name.replace("_", "-"): node for name, node in nodes.items()})
        self.label = label


def _metadata(instance: Any, public_key: str | None) -> dict[str, Node]:  # noqa: ANN401 - moto's Instance
    interface = instance.nics[0]
    groups = [group.group_name for group in interface.group_set]
    nodes: dict[str, Node] = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"},
        "hostname": instance.private_dns_name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": instance.lifecycle or "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": instance.private_dns_name,
        "local-ipv4": interface.private_ip_address,
        "mac": interface.mac_address,
        "network": {"interfaces": {"macs": {interface.mac_address: _interface(instance, groups)}}},
        "placement": _placement(instance),
        "profile": "default-hvm",
        "reservation-id": _reservation_id(instance),
        "security-groups": "\n".join(groups),
        "services": {"domain": _domain(instance), "partition": instance.ec2_backend.partition},
        "system": "nitro",
    }
    if interface.public_ip:
        nodes["public-ipv4"] = interface.public_ip
        nodes["public-hostname"] = instance.public_dns_name or ""
    if public_key:
        nodes["public-keys"] = {"0": _NamedFolder(instance.key_name, openssh_key=f"{public_key}\n")}
    if instance.metadata_options.instance_metadata_tags == "enabled":
        nodes["tags"] = {"instance": {tag["key"]: tag["value"] for tag in instance.get_tags()}}
    return nodes


def _interface(instance: Any, groups: list[str]) -> Node:  # noqa: ANN401 - moto's Instance
    interface = instance.nics[0]
    nodes: dict[str, Node] = {
        "device-number": "0",
        "interface-id": interface.id,
        "local-hostname": instance.private_dns_name,
        "local-ipv4s": interface.private_ip_address,
        "mac": interface.mac_address,
        "owner-id": instance.owner_id,
        "security-group-ids": "\n".join(group.id for group in interface.group_set),
        "security-groups": "\n".join(groups),
        "subnet-id": interface.subnet.id,
        "subnet-ipv4-cidr-block": interface.subnet.cidr_block,
        "vpc-id": interface.subnet.vpc_id,
    }
    if interface.public_ip:
        nodes["public-hostname"] = instance.public_dns_name or ""
        nodes["public-ipv4s"] = interface.public_ip
        nodes["ipv4-associations"] = {interface.public_ip: interface.private_ip_address}
    return nodes


def _placement(instance: Any) -> Node:  # noqa: ANN401 - moto's Instance
    subnet = instance.nics[0].subnet
    return {
        "availability-zone": instance.availability_zone,
        "availability-zone-id": getattr(subnet, "availability_zone_id", None) or "",
        "region": instance.ec2_backend.region_name,
    }


def _identity_document(instance: Any) -> Mapping[str, Any]:  # noqa: ANN401 - moto's Instance
    return {
        "accountId": instance.owner_id,
        "architecture": instance.architecture,
        "availabilityZone": instance.availability_zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": _stamp(_aware(instance.launch_time)),
        "privateIp": instance.private_ip_address,
        "ramdiskId": None,
        "region": instance.ec2_backend.region_name,
        "version": "2017-09-30",
    }


def _reservation_id(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    for reservation in list(instance.ec2_backend.reservations.values()):
        if instance in reservation.instances:
            return str(reservation.id)
    return ""


def _domain(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    return "amazonaws.com.cn" if instance.ec2_backend.partition == "aws-cn" else "amazonaws.com"


def _user_data(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    """The bytes that were given, as text that `_answer` turns into the same bytes."""
    return base64.b64decode(str(instance.user_data)).decode(errors="surrogateescape")


def _trusts_ec2(role: Any) -> bool:  # noqa: ANN401 - moto's Role
    document = role.assume_role_policy_document
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", []) if policy else []
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and any(
            name.startswith("ec2.amazonaws.com") for name in services
        ):
            return True
    return False


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)
