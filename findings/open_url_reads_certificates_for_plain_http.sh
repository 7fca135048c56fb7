#!/usr/bin/env bash
# ansible-core 2.19.14: open_url of an http:// address reads the system's certificate authorities first, each time.
#
# A module asks a server on this machine by plain HTTP. A good guess: TLS costs nothing where there is none, or once.
# Seen: each call of ansible.module_utils.urls.open_url makes a TLS context and has it read authorities, and fills it
# with each file of Ansible's own list of folders besides; urllib.request, which it is built upon, makes none. With the
# hundred and forty authorities of a distribution that is some twentieth of a second a call.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ansible-core==2.19.14
cd "$folder"
cat >ask.py <<'PYTHON'
import http.server
import ssl
import sys
import threading
import urllib.request

from ansible.module_utils.urls import open_url

made = 0
make = ssl.create_default_context


def count(*given, **named):
    global made
    made += 1
    return make(*given, **named)


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def contexts_for(ask):
    global made
    made = 0
    for _ in range(3):
        ask(url).read()
    return made


ssl.create_default_context = count
server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
opened, plain = contexts_for(open_url), contexts_for(urllib.request.urlopen)
print(f"TLS contexts for three requests by plain HTTP: open_url {opened}, urllib.request {plain}")
sys.exit((opened, plain) != (3, 0))
PYTHON
no_proxy=127.0.0.1 venv/bin/python ask.py
