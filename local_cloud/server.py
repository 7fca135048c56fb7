"""The local cloud in one process: what answers where, started and stopped in order."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from moto.moto_api._internal import mock_random

from local_cloud.acme import AcmeServer
from local_cloud.agent import packages
from local_cloud.aws import application, autoscaling, codedeploy, front, identity, moto, zones
from local_cloud.aws.authorization import Gate
from local_cloud.aws.autoscaling.controller import ScalingController
from local_cloud.aws.role_clients import RoleClients
from local_cloud.aws.seed import seed
from local_cloud.aws.trail import History, keeping, recorded, untold
from local_cloud.certificates import ensure_authority, server_context
from local_cloud.dns import DnsService, machine_resolvers
from local_cloud.entrances import ADMIN, MOTO_RESET, by_host, for_this_machine, why_blocked
from local_cloud.github.app import create_app as create_github_app
from local_cloud.hosts import image
from local_cloud.hosts.controller import HostController
from local_cloud.hosts.load_balancers.controller import BalancerController
from local_cloud.latency import delayed
from local_cloud.listeners import Listener
from local_cloud.request_log import Call, RequestLog, logged
from local_cloud.settings import Settings
from local_cloud.ssh_keys import ensure_key_pair

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
WATCHED_SERVICES = {
    *("ec2", "autoscaling", "cloudformation", "elasticloadbalancing", "monitoring"),
    *("acm", "route53"),
}
"""Services whose writes may ask for other hosts than there are, or concern a running deployment."""
RESET_SECONDS = 60


class LocalCloud:
    """One local cloud. Its account lives in this process, so there is one a process at a time.

    `say` is told what takes long. With `settings.hosts` a container engine and its rights are needed.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = LOG.info) -> None:
        self.settings = settings
        self.log = RequestLog(settings.state_dir / "requests.jsonl", enabled=settings.log_requests)
        self.history = History()
        self._keys = identity.Keys(
            root_key=settings.root_access_key, root_secret=settings.root_secret_key, region=settings.region
        )
        self._say = say
        self._running: list[Any] = []
        self.turn = threading.Lock()
        self.gate = Gate(
            self.turn,
            root_key=settings.root_access_key,
            enforcing=settings.enforce_iam,
            note=self.log.add,
        )
        self._role_clients = RoleClients(codedeploy.options.session, lambda: self.endpoint_url, self.turn)
        self._hosts: HostController | None = None
        self.balancers: BalancerController | None = None
        self._acme: AcmeServer | None = None
        self._packages: Path | None = None

    def start(self) -> None:
        """Answer on every address of the settings, with an account that is as new.

        Raises OSError where a port is taken. What was started before an error is stopped.
        """
        settings = self.settings
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        settings.state_dir.chmod(0o700)
        ensure_key_pair(settings.state_dir / "ssh")
        if settings.seed is not None:
            mock_random.seed(settings.seed)
        try:
            self._github_app = create_github_app(settings)
            github = delayed(self._github_app, settings.latency, settings.seed)
            self._aws_app = application.create_app(self.turn)
            checked = front.checked(self.gate.before(self._aws_app), self._keys.secret)
            if settings.log_requests:
                checked = recorded(checked, self.history, self._keys.caller)
            aws = delayed(checked, settings.latency, settings.seed)
            aws = logged(aws, self.log, caller=identity.caller, changed=self._changed)
            # Bound before the work that takes long, so that a taken port is known first.
            self._aws = self._bind(settings.address, settings.aws_port, for_this_machine(aws, self._admin))
            self._github = self._bind(settings.address, settings.github_port, github)
            if settings.hosts:
                self._start_hosts(by_host(aws, github))
            self._seed()
            self._start_scaling()
            for each in self._running:
                if isinstance(each, Listener | DnsService):
                    each.start()
            if self._acme:
                self._acme.ready()
        except BaseException:
            self.stop()
            raise

    def warm_up(self) -> None:
        """Load ahead what would make the first calls take seconds; may run while others call."""
        if self.settings.seed is not None:
            # Its calls draw random numbers too, in between.
            return
        application.warm_up(self._aws_app, self.settings)

    def stop(self) -> None:
        """End every listener, connection and host, the last started first."""
        while self._running:
            self._running.pop().stop()
        self.log.close()

    def reset(self) -> None:
        """Make the account and GitHub empty again, but for what every new one has."""
        self._github_app.reset()
        self._reset_account()
        self.log.clear()

    def _reset_account(self) -> None:
        self._seed()
        self.history.clear()
        if self.balancers:
            self.balancers.notify()
        if self._hosts:
            self._hosts.notify()
            self._hosts.wait_for(lambda hosts: not hosts, RESET_SECONDS)

    @property
    def endpoint_url(self) -> str:
        """Where AWS answers on loopback."""
        return f"http://{self.settings.address}:{self._aws.port}"

    @property
    def github_url(self) -> str:
        """Where GitHub answers on loopback."""
        return f"http://{self.settings.address}:{self._github.port}"

    def status(self) -> dict[str, Any]:
        """Endpoints, hosts and how many requests there were."""
        return {
            "endpoint": self.endpoint_url,
            "github": self.github_url,
            "checkout": str(self.settings.root),
            "enforce_iam": self.gate.enforcing,
            "hosts": self._hosts.describe() if self._hosts else [],
            "load_balancers": self.balancers.describe() if self.balancers else [],
            "acme": self._acme.status() if self._acme else {},
            "requests": len(self.log.entries()),
            "mutating_requests": len(self.log.entries(mutating=True)),
        }

    def _seed(self) -> None:
        codedeploy.options.service_role_may = self.gate.service_may
        codedeploy.options.client = self._role_clients.client
        tell = keeping(self.history) if self.settings.log_requests else untold
        codedeploy.options.tell = autoscaling.options.tell = tell
        with codedeploy.options.calling, self.turn:
            moto.install(self.settings, self.history)
            seed(self.settings, self._packages)

    def _bind(
        self, address: str, port: int, app: "WSGIApplication", tls: "ssl.SSLContext | None" = None
    ) -> Listener:
        try:
            listener = Listener(address, port, app, maximum=self.settings.maximum_connections, tls=tls)
        except OSError as error:
            raise OSError(f"{address}:{port} cannot be listened on: {error.strerror}") from error
        self._running.append(listener)
        return listener

    def _start_hosts(self, app: "WSGIApplication") -> None:
        """The network, and on it what hosts believe to be AWS and GitHub."""
        settings = self.settings
        ensure_authority(settings)
        if not settings.image_later:
            image.ensure(settings, self._say)
        self._packages = settings.agent_packages or packages.build(settings, self._say)
        self._hosts = HostController(settings, autoscaling.wake)
        self._running.append(self._hosts)
        self._hosts.start()
        self.balancers = BalancerController(settings, self._hosts.network, self.turn, self._balancers_changed)
        self._running.append(self.balancers)
        self.balancers.start()
        self._acme = AcmeServer(settings)
        self._running.append(self._acme)
        self._acme.start()
        self._bind(settings.internet, 80, app)
        self._bind(settings.internet, 443, app, server_context(settings))
        self._bind(settings.internet, settings.ocsp_port, self._acme.ocsp_responder())
        self._running.append(
            DnsService(settings, zones.records, address=settings.gateway, upstream=machine_resolvers())
        )

    def _start_scaling(self) -> None:
        scaling = ScalingController(self.turn, self._groups_changed)
        self._running.append(scaling)
        scaling.start()

    def _changed(self, call: Call) -> None:
        if call.service in WATCHED_SERVICES:
            autoscaling.wake()
            self._groups_changed()

    def _balancers_changed(self) -> None:
        """A target's health has, or an alarm on their requests."""
        autoscaling.wake()
        codedeploy.wake()

    def _groups_changed(self) -> None:
        """Other instances may be wanted, or others be there to be deployed to."""
        if self._hosts:
            self._hosts.notify()
        if self.balancers:
            self.balancers.notify()
        codedeploy.wake()

    def _admin(self, environ: "WSGIEnvironment", path: str) -> tuple[str, Any]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        match environ["REQUEST_METHOD"], path.removeprefix(ADMIN):
            case "GET", "status" | "security-groups" | "requests" as which:
                return "200 OK", self._read(which, query)
            case "GET", "why-blocked":
                return why_blocked(self.settings, {name: values[0] for name, values in query.items()})
            case "DELETE", "requests":
                self.log.clear()
                return "200 OK", {}
            case "PUT", "enforce-iam":
                self.gate.enforcing = query.get("on", [""])[0] == "1"
                return "200 OK", {"enforce_iam": self.gate.enforcing}
            case "POST", "reset" | "/moto-api/reset" as which:
                (self._reset_account if which == MOTO_RESET else self.reset)()
                return "200 OK", {"status": "ok"}
        return "404 Not Found", None

    def _read(self, which: str, query: Mapping[str, list[str]]) -> Any:  # noqa: ANN401 - JSON
        if which == "status":
            return self.status()
        if which == "security-groups":
            return self._hosts.security_groups() if self._hosts else {}
        mutating = {"1": True, "0": False}.get(query.get("mutating", [""])[0])
        return [asdict(entry) for entry in self.log.entries(mutating=mutating)]
