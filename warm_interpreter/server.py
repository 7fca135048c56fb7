"""A Python that has imported what modules on localhost import, and forks itself for each of them.

connection_plugins/warm.py starts it as Ansible would start a module: this text on the standard input of the
same interpreter, through the same shell, so that a fork of it is what a new process would be. It ends when
nobody holds the other end of its socket any more, however the run ended.

For each request a fork stands for the shell of the ordinary way: it leads a session, and the module is its
child. What it cannot run as the ordinary way would, it refuses with a reason, before anything has run.
"""

from __future__ import annotations

import _io
import atexit
import base64
import builtins
import gc
import importlib
import io
import json
import os
import re
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import types
import zipfile
import zipimport
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.machinery import NamespaceLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LOADER = "ansible.module_utils._internal._ansiballz._loader"
OF_ANSIBLE = (
    "ansible.module_utils.basic",
    "ansible.module_utils.urls",
    LOADER,
    "ansible.module_utils._internal._json._profiles._module_legacy_c2m",
    "ansible.module_utils._internal._json._profiles._module_legacy_m2c",
    "runpy",
    "shutil",
)
COLLECTION = ("ansible_collections", "amazon", "aws", "plugins", "module_utils")
PACKAGES = [".".join(COLLECTION[:depth]) for depth in range(1, len(COLLECTION) + 1)]
OF_AWS = (
    *("arn", "botocore", "ec2", "elbv2", "exceptions", "iam", "modules", "policy", "retries", "route53"),
    *("s3", "tagging", "transformation", "waiter", "waiters"),
)
SERVICES = ("sts", "iam", "ec2", "route53", "codedeploy", "ssm")
"""Those whose models modules read most."""
SET_AT_START = re.compile(r"(PYTHON|LC_|LD_|MALLOC_|GLIBC_|OPENSSL_).*|LANG|LANGUAGE|HOME")
"""Variables that the interpreter or a library looks at once, when it starts."""
PAYLOAD = re.compile(rb"^zip_data='([A-Za-z0-9+/=]+)',$", re.MULTILINE)
NO_DEBUGGER = re.compile(rb"^extensions=\{\},$", re.MULTILINE)
WRITTEN_BY_ANSIBLE = ("ansible/__init__.py", "ansible/module_utils/__init__.py")
"""Members of payloads that are no copy of a file: they make other folders of Ansible's reachable too."""
READY, GO, REFUSED = b"r", b"g", b"n"


class RefusedError(Exception):
    """Why the ordinary way is to be taken."""


@dataclass
class Warmth:
    """What this process has imported of Ansible's, and what the files were."""

    utilities: str
    collection: str
    sources: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Size and checksum of each, as archives have them."""
    places: dict[str, list[str]] = field(default_factory=dict)
    unusable: str = ""

    def steps(self) -> Iterator[Callable[[], None]]:
        """What to import, in parts between which requests are looked for."""
        yield self.import_ansible
        yield self.import_aws
        if "boto3" in sys.modules:
            yield self.share_between_sessions
            for service in SERVICES:
                yield partial(self.read_models, service)

    def import_ansible(self) -> None:
        # It is asked twice for a module that is run: for its name too.
        compiled = cache(zipimport._compile_source)  # type: ignore[attr-defined] # noqa: SLF001
        zipimport._compile_source = compiled  # type: ignore[attr-defined] # noqa: SLF001
        for name in OF_ANSIBLE:
            importlib.import_module(name)
        self.places = {name: list(sys.modules[name].__path__) for name in ("ansible", "ansible.module_utils")}
        self.note()

    def import_aws(self) -> None:
        """And the checkout's own, which lean on it. What is missing is named by modules."""
        make_packages(Path(self.collection))
        own = Path(self.utilities)
        sys.modules["ansible.module_utils"].__path__.insert(0, self.utilities)
        files = (path.relative_to(own).with_suffix("") for path in sorted(own.rglob("*.py")))
        names = [
            *("boto3", *(".".join((*COLLECTION, name)) for name in OF_AWS)),
            *(f"ansible.module_utils.{'.'.join(file.parts)}" for file in files if file.name != "__init__"),
        ]
        for name in names:
            try:
                importlib.import_module(name)
            except ImportError:
                continue
        self.note()

    def share_between_sessions(self) -> None:
        """Have all sessions of a module share what is equal, as all clients of one session do elsewhere."""
        from botocore import hooks
        from botocore.client import ClientCreator
        from botocore.loaders import JSONFileLoader, Loader

        load = load_once(JSONFileLoader.load_file)
        JSONFileLoader.load_file = load  # type: ignore[assignment,method-assign]
        # Every session's first client looks through the folders of all services there are.
        listing = list_once(Loader.list_available_services)
        Loader.list_available_services = listing  # type: ignore[assignment,method-assign]
        # And every session has some hundred and fifty handlers, which are the same.
        hooks.accepts_kwargs = inspect_once(hooks.accepts_kwargs)  # type: ignore[assignment]
        hooks.EventAliaser.__init__ = share_aliases(hooks.EventAliaser.__init__)  # type: ignore[method-assign]
        # A client has a function for each operation of its service, EC2's some seven hundred.
        made = make_once(ClientCreator._create_methods)  # type: ignore[attr-defined] # noqa: SLF001
        ClientCreator._create_methods = made  # type: ignore[attr-defined] # noqa: SLF001

    def read_models(self, service: str) -> None:
        """Make a client as modules make theirs, with nothing of this environment."""
        from boto3.session import Session
        from botocore.exceptions import UnknownServiceError

        environment = dict(os.environ)
        os.environ.clear()
        os.environ.update({"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})
        try:
            session = Session("none", "none", region_name="us-east-1")
            session.client(service)  # type: ignore[call-overload]
            for kind in ("paginators-1", "waiters-2"):
                with suppress(UnknownServiceError):  # it has none
                    session._loader.load_service_model(service, kind)  # noqa: SLF001 - as clients load them
        finally:
            os.environ.clear()
            os.environ.update(environment)

    def note(self) -> None:
        """Keep what the files were: payloads are compared with them.

        They are looked for by name: some modules put another one in their place.
        """
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] not in {"ansible", PACKAGES[0]}:
                continue
            loader = getattr(module, "__loader__", None)
            without_file = name in PACKAGES or isinstance(loader, NamespaceLoader)
            base = name.replace(".", "/")
            for member in (f"{base}.py", f"{base}/__init__.py"):
                file = self.file(member)
                if file and file.is_file():
                    content = file.read_bytes()
                    self.sources.setdefault(member, (len(content), zlib.crc32(content)))
                elif without_file and member.endswith("/__init__.py"):
                    self.sources[member] = (0, 0)

    def file(self, member: str) -> Path | None:
        """What a payload's member was copied from, or would have been."""
        if member.startswith("ansible/module_utils/"):
            relative = member.removeprefix("ansible/module_utils/")
            places = sys.modules["ansible.module_utils"].__path__
            return next((Path(place, relative) for place in places if Path(place, relative).is_file()), None)
        if member.startswith("ansible/"):
            return Path(self.places["ansible"][0]).parent / member
        if member.startswith("ansible_collections/") and self.collection:
            return Path(self.collection).parents[2] / member
        return None

    def check(self, payload: bytes) -> set[str]:
        """The members of a payload whose modules are here. Raises RefusedError where they are others."""
        warned = sys.modules.get("ansible.module_utils.common.warnings")
        if warned and (warned.get_warning_messages() or warned.get_deprecation_messages()):
            raise RefusedError("an import warned")  # each module would seem to have warned
        zipped = PAYLOAD.search(payload)
        if self.unusable or not zipped or not NO_DEBUGGER.search(payload):
            raise RefusedError(self.unusable or "the module is not packed as expected")
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(zipped[1]))) as archive:
            packed = {member.filename: (member.file_size, member.CRC) for member in archive.infolist()}
        here = self.sources.keys() & packed.keys()
        for member in here.difference(WRITTEN_BY_ANSIBLE):
            if packed[member] != self.sources[member]:
                raise RefusedError(f"{member} is not what was imported")
        return here

    def make_way(self, here: set[str]) -> None:
        """Leave of Ansible's modules those of the payload, and lead to the payload for the others."""
        for member in self.sources.keys() - here:
            module = sys.modules.pop(module_name(member), None)
            parent, _, name = module_name(member).rpartition(".")
            if parent in sys.modules and getattr(sys.modules[parent], name, None) is module:
                delattr(sys.modules[parent], name)
        loader = sys.modules[LOADER]
        run_module = loader.run_module

        def run_from(*, modlib_path: str, **more: Any) -> None:  # noqa: ANN401 - whatever the loader takes
            vars(loader)["run_module"] = run_module
            for member in here:
                name = module_name(member)
                if member.endswith("/__init__.py") and hasattr(sys.modules[name], "__path__"):
                    place = str(Path(modlib_path, member).parent)
                    sys.modules[name].__path__ = [place, *self.places.get(name, ())]
            run_module(modlib_path=modlib_path, **more)

        vars(loader)["run_module"] = run_from


class Shell:
    """What the shell does to the environment, seen by what it did to this process's.

    `becomes`: whether its last command takes its place, as it did here.
    """

    def __init__(self, given: Mapping[str, str], seen: Mapping[str, str], *, becomes: bool) -> None:
        self.becomes = becomes
        self._dropped = given.keys() - seen.keys()
        self._set = {name: value for name, value in seen.items() if given.get(name) != value}
        self._at_start = {name: value for name, value in seen.items() if SET_AT_START.fullmatch(name)}

    def environment(self, given: Mapping[str, str], assigned: Mapping[str, str]) -> dict[str, str]:
        """A module's environment here. Raises RefusedError where it asks for another interpreter."""
        kept = {name: value for name, value in given.items() if name not in self._dropped}
        environment = {**kept, **self._set, **working_directory(given), **assigned}
        at_start = {name: value for name, value in environment.items() if SET_AT_START.fullmatch(name)}
        other = sorted(
            name for name in {*at_start, *self._at_start} if at_start.get(name) != self._at_start.get(name)
        )
        if other:
            raise RefusedError(f"it has another {', '.join(other)}")
        return environment


def load_once(load: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """The same function, which reads each file once."""
    loaded: dict[str, Any] = {}

    def load_file(self: Any, file_path: str) -> Any:  # noqa: ANN401 - JSON, by a class of botocore's
        if file_path not in loaded:
            loaded[file_path] = load(self, file_path)
        return loaded[file_path]

    return load_file


def list_once(listing: Callable[[Any, str], list[str]]) -> Callable[[Any, str], list[str]]:
    """The same method of botocore's loader, which looks through the same folders once."""
    listed: dict[tuple[str, ...], list[str]] = {}

    def list_available_services(self: Any, type_name: str) -> list[str]:  # noqa: ANN401 - a class of botocore's
        where = (type_name, *self.search_paths)
        if where not in listed:
            listed[where] = listing(self, type_name)
        return list(listed[where])

    return list_available_services


def inspect_once(accepts: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same function, which looks at the signature of each function once."""
    seen: dict[types.FunctionType, Any] = {}

    def accepts_kwargs(func: Any) -> Any:  # noqa: ANN401 - any handler
        function = func.__func__ if isinstance(func, types.MethodType) else func
        if not isinstance(function, types.FunctionType):
            return accepts(func)
        if function not in seen:
            seen[function] = accepts(function)
        return seen[function]

    return accepts_kwargs


def share_aliases(begin: Callable[..., None]) -> Callable[..., None]:
    """The same beginning of an aliaser of events, which knows the names that others have found."""
    found: dict[str, str] = {}

    def __init__(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:  # noqa: ANN401, N807 - a class of botocore's
        begin(self, event_emitter, event_aliases)
        if event_aliases is None:
            self._alias_name_cache = found

    return __init__


def make_once(make: Callable[[Any, Any], dict[str, Any]]) -> Callable[[Any, Any], dict[str, Any]]:
    """The same method of botocore's maker of clients, which makes the functions of each model once.

    Of what a session has of its own, they lead only to the emitter of events of their documentation.
    """
    made: dict[int, tuple[Any, dict[str, Any]]] = {}

    def _create_methods(self: Any, service_model: Any) -> dict[str, Any]:  # noqa: ANN401 - classes of botocore's
        description = service_model._service_description  # noqa: SLF001 - read once, so that it is the same one
        known, methods = made.get(id(description), (None, {}))
        if known is not description:
            methods = make(self, service_model)
            made[id(description)] = description, methods
        return dict(methods)

    return _create_methods


def make_packages(collection: Path) -> None:
    """The empty packages down to a collection's module_utils, as payloads have them."""
    plugins = collection / "plugins"
    folders = (collection.parent.parent, collection.parent, collection, plugins, plugins / "module_utils")
    for name, folder in zip(PACKAGES, folders, strict=True):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])


def module_name(member: str) -> str:
    """`a/b/__init__.py` is a.b, `a/b.py` too."""
    return member.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def working_directory(given: Mapping[str, str]) -> dict[str, str]:
    """PWD as a shell sets it: as it was called, where that is still it."""
    called = given.get("PWD", "")
    if called.startswith("/") and Path(called).exists() and Path(called).samefile("."):
        return {"PWD": called}
    return {"PWD": os.getcwd()}  # noqa: PTH109 - as bytes are in it


def serve(descriptor: int, parent: int, given: Mapping[str, str], utilities: str, collection: str) -> None:
    """Fork for each request, import while there is none. `parent` gave the shell this environment."""
    # Modules are imported from no folder of the task's or the user's; none is kept from being unmounted.
    os.chdir("/")
    heed_signals()
    shell = Shell(given, os.environ, becomes=os.getppid() == parent)
    warmth = Warmth(utilities, collection)
    asked = socket.socket(fileno=descriptor)
    asked.set_inheritable(False)
    steps = warmth.steps()
    step: Callable[[], None] | None = next(steps)
    while True:
        if step and (not warmth.sources or not select.select([asked], [], [], 0)[0]):
            # What is imported stays: to look for garbage in it takes a fifth of the time.
            gc.disable()
            try:
                step()
            except Exception as error:  # noqa: BLE001 - whatever it is, modules then run the ordinary way
                warmth.unusable = f"it could not import: {type(error).__name__}"
            gc.freeze()
            gc.enable()
            step = next(steps, None)
            continue
        message, descriptors, _, _ = socket.recv_fds(asked, 1, 3)
        wait_for_ended()
        if not message:
            return
        if os.fork() == 0:
            asked.close()
            lead(warmth, shell, *descriptors)
        for each in descriptors:
            os.close(each)


def heed_signals() -> None:
    """As an interpreter that Ansible starts for a module: by then Ansible heeds what its own parent ignored.

    A shell has what it starts in the background ignore SIGINT.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


def wait_for_ended() -> None:
    """Take over what the forks that have ended used of processors: who measures a run asks its children."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def lead(warmth: Warmth, shell: Shell, request: int, out: int, error: int) -> NoReturn:
    """Stand for the shell that would start the module, and do nothing else, whatever happens."""
    try:
        os.setsid()
        job = socket.socket(fileno=request)
        with job.makefile("rb") as stream:
            asked = json.loads(stream.readline())
            payload = stream.read(asked["size"])
        try:
            here = warmth.check(payload)
            os.chdir(asked["directory"])
            environment = shell.environment(asked["environment"], asked["assigned"])
        except (RefusedError, OSError) as why:
            job.sendall(REFUSED + str(why).encode(errors="replace"))
            os._exit(0)
        job.sendall(READY)
        # From here on it must not be run again: whoever asked knows, since nothing is run without the answer.
        if job.recv(1) != GO:
            os._exit(0)
        for old, new in ((out, 1), (error, 2)):
            os.dup2(old, new)
            os.close(old)
        module = os.fork()
        if module == 0:
            job.close()
            os.environ.clear()
            os.environ.update(environment)
            warmth.make_way(here)
            run(payload)
        attend(module, job, shell_stays=asked["more"] or not shell.becomes)
    finally:
        os._exit(1)


def attend(module: int, job: socket.socket, *, shell_stays: bool) -> None:
    """Pass signals on to the module, this process included; say in the end how it ended.

    A shell that stays for another command says it in its own way; the other one has become the module.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ended = os.pidfd_open(module)
    watched: list[Any] = [job, ended]
    while ended not in (readable := select.select(watched, [], [])[0]):
        told = job.recv(1) if job in readable else b""
        if told:
            os.killpg(0, told[0])
        else:
            watched.remove(job)
    _, status = os.waitpid(module, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0 and shell_stays:
        if -code not in {signal.SIGINT, signal.SIGPIPE}:
            dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
            os.write(2, f"{signal.strsignal(-code)}{dumped}\n".encode())
        code = 128 - code
    job.sendall(code.to_bytes(2, "big", signed=True))


def run(payload: bytes) -> NoReturn:
    """Be the interpreter that reads the payload as its program."""
    time.tzset()
    tempfile.tempdir = None
    main = types.ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    sys.modules["__main__"] = main
    code: object = None
    interrupted = False
    try:
        exec(compile(payload, "<stdin>", "exec", dont_inherit=True), vars(main))  # noqa: S102 - it is the program
    except SystemExit as end:
        code = end.code
    except BaseException as error:  # noqa: BLE001 - as the interpreter
        interrupted = isinstance(error, KeyboardInterrupt)
        error.__traceback__ = without_this_file(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    finish()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit((code or 0) & 0xFF)


def without_this_file(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """The same, without frames that a new interpreter would not have."""
    if traceback is None:
        return None
    rest = without_this_file(traceback.tb_next)
    if traceback.tb_frame.f_globals is globals():
        return rest
    traceback.tb_next = rest
    return traceback


def finish() -> None:
    """What an interpreter does at its end, without taking apart what was imported before the module began."""
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    gc.collect()
    standard = (sys.stdout, sys.stderr)
    # What io.IOBase adds to it is a question that is asked anew for each kind of object.
    still_open = [each for each in gc.get_objects() if issubclass(type(each), _io._IOBase)]  # noqa: SLF001
    for each in (*standard, *still_open):
        try:
            each.flush()
        except (OSError, ValueError):  # it is closed, or nobody reads
            continue
