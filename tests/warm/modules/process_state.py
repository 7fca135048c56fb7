"""What a module finds of its process: the same whichever way it is run."""

import gc
import json
import locale
import logging
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule

import __main__


def main() -> None:
    descriptors = sorted(int(each.name) for each in Path("/proc/self/fd").iterdir() if each.exists())
    module = AnsibleModule(argument_spec={})
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    kinds = {each: os.readlink(f"/proc/self/fd/{each}").partition(":")[0] for each in descriptors}
    mask = os.umask(0)
    os.umask(mask)
    ours = ("ansible.", "ansible_collections.")
    module.exit_json(
        environment=dict(os.environ),
        directory=os.getcwd(),
        descriptors=kinds,
        umask=mask,
        signals={name: status[name].strip() for name in ("SigBlk", "SigIgn", "SigCgt")},
        interrupted=str(signal.getsignal(signal.SIGINT)).partition(" at ")[0],
        limits={
            name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT" in name
        },
        locale=locale.setlocale(locale.LC_ALL),
        program={name: repr(getattr(sys, name)) for name in ("argv", "flags", "orig_argv", "executable")},
        path=[each for each in sys.path if "_payload_" not in each],
        limit=sys.getrecursionlimit(),
        main=sorted(name for name in vars(__main__) if name != "__annotations__"),
        read=sys.stdin.read(),
        leads=[os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
        streams=[
            (each.encoding, each.errors, each.line_buffering, each.isatty())
            for each in (sys.stdout, sys.stderr)
        ],
        nice=os.nice(0),
        threads=threading.active_count(),
        filters=len(warnings.filters),
        logged=[logging.root.level, len(logging.root.handlers)],
        collected=[gc.isenabled(), gc.get_threshold()],
        temporary=tempfile.gettempdir(),
        of_ansible=sorted(name for name in sys.modules if name.startswith(ours)),
        of_basic=sorted(vars(basic)),
        hooks=[sys.excepthook is sys.__excepthook__, sys.stdout is sys.__stdout__],
        encoded=json.dumps(sys.getfilesystemencoding()),
        drawn=random.random(),
        process=os.getpid(),
        parent=os.getppid(),
    )


if __name__ == "__main__":
    main()
