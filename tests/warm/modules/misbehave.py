"""Ends, writes and leaves behind what modules should not."""

import ctypes
import locale
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from ansible.module_utils import basic, urls
from ansible.module_utils.basic import AnsibleModule

LEFT: list[object] = []


def change_everything(module: AnsibleModule) -> None:
    os.environ.update(LEFT_BEHIND="1", AWS_SECRET_ACCESS_KEY="of-another-task", PATH="/nowhere")
    os.umask(0o077)
    os.chdir("/tmp")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    random.seed(1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    vars(sys)["path"] = ["/nowhere", *sys.path]
    sys.setrecursionlimit(5000)
    basic.left_behind = urls.left_behind = True
    locale.setlocale(locale.LC_ALL, "C")
    os.open("/etc/passwd", os.O_RDONLY)
    os.nice(1)
    module.exit_json(changed=True)


def fork_a_daemon(module: AnsibleModule) -> None:
    if os.fork() == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.execv("/bin/sleep", ["sleep", module.params["value"]])
    module.exit_json()


def leave_open(module: AnsibleModule) -> None:
    basic.left_open = open(module.params["value"], "w")
    basic.left_open.write("what was written last")
    LEFT.append(tempfile.NamedTemporaryFile(prefix="left_behind_"))
    module.exit_json()


def wait_for_a_thread(module: AnsibleModule) -> None:
    def work() -> None:
        time.sleep(0.3)
        Path(module.params["value"]).write_text("worked")

    threading.Thread(target=work).start()
    module.exit_json()


def close_all(module: AnsibleModule) -> None:
    os.closerange(0, 100)
    module.exit_json()


def count_and_lose_the_shell(module: AnsibleModule) -> None:
    with Path(module.params["value"]).open("a") as file:
        file.write("begun\n")
    os.kill(os.getppid(), signal.SIGKILL)
    module.exit_json()


def kill_the_warm_interpreter(module: AnsibleModule) -> None:
    status = Path(f"/proc/{os.getppid()}/status").read_text()
    os.kill(int(status.partition("PPid:")[2].split()[0]), signal.SIGKILL)
    module.exit_json()


def junk(module: AnsibleModule) -> None:
    print("junk before")
    sys.stderr.write("on the error stream\n")
    print(f'{{"changed": false, "value": "{module.params["value"]}"}}')
    print("junk behind")
    sys.exit(3)


def become_a_session(module: AnsibleModule) -> None:
    os.setsid()
    module.exit_json(leads=os.getsid(0) == os.getpid())


def warn(module: AnsibleModule) -> None:
    module.warn("be careful")
    module.deprecate("use another one", version="99.0.0", collection_name="ansible.builtin")
    module.exit_json(msg=module.params["value"])


def exit_with_words(module: AnsibleModule) -> None:
    sys.exit("words")


def exit_at_once(module: AnsibleModule) -> None:
    os._exit(7)


def fail(module: AnsibleModule) -> None:
    module.fail_json("it failed", value=module.params["value"])


def raise_an_error(module: AnsibleModule) -> None:
    raise ValueError(module.params["value"])


def fail_with_a_traceback(module: AnsibleModule) -> None:
    try:
        raise KeyError(module.params["value"])
    except KeyError as error:
        module.fail_json("it failed", exception=error)


def interrupt(module: AnsibleModule) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def abort(module: AnsibleModule) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.abort()


def be_killed(module: AnsibleModule) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def read_nowhere(module: AnsibleModule) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def leave_without_result(module: AnsibleModule) -> None:
    return


def differ(module: AnsibleModule) -> None:
    diff = {"before": "a\n", "after": f"{module.params['value']}\n"}
    module.exit_json(changed=True, diff=diff, checked=module.check_mode)


def main() -> None:
    module = AnsibleModule(
        argument_spec={"do": {"required": True}, "value": {"default": ""}, "secret": {"no_log": True}},
        supports_check_mode=True,
    )
    globals()[module.params["do"]](module)


if __name__ == "__main__":
    main()
