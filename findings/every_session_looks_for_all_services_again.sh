#!/usr/bin/env bash
# botocore 1.44.5: the first client of a session looks through the folders of all services there are.
#
# Three sessions in one process each make a client of the same service. A good guess: the service's own folder is
# looked into, or what is there is found once a process. Seen: each session lists twice as many folders as there are
# services, and asks for a file in most, since a name is held against the list of all services before its model is
# read. The list is kept by the session: a second client lists nothing, one of another service that service's own. It
# is about a third of the time that a client takes where models have been read before.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check botocore==1.44.5
cd "$folder"
cat >clients.py <<'PYTHON'
import sys

from botocore.session import Session

listed = 0


def note(event, arguments):
    global listed
    listed += event == "os.listdir"


def folders_for(session, service):
    global listed
    listed = 0
    session.create_client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    return listed


sys.addaudithook(note)
services = len(Session().get_available_services())
first = Session()
print("services:", services)
counts = [folders_for(first, "iam"), folders_for(Session(), "iam"), folders_for(Session(), "iam")]
more = [folders_for(first, "iam"), folders_for(first, "sts")]
print("folders listed by the first client of three sessions:", *counts)
print("by further clients of the first one:", *more)
sys.exit(not (min(counts) > services and more[0] == 0 and more[1] < 10))
PYTHON
AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null venv/bin/python clients.py
