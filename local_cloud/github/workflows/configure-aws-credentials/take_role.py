"""Exchanges the job's OIDC token for a session of the role, as the action it stands for does."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from urllib.parse import quote


def main() -> None:
    """Ends with STS's own words when the role is refused."""
    keys = session(id_token())
    for value in (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]):
        sys.stdout.write(f"::add-mask::{value}\n")
    with open(os.environ["GITHUB_ENV"], "a", encoding="utf-8") as file:  # noqa: PTH123 - a runner's own file
        file.write(f"AWS_ACCESS_KEY_ID={keys['AccessKeyId']}\n")
        file.write(f"AWS_SECRET_ACCESS_KEY={keys['SecretAccessKey']}\n")
        file.write(f"AWS_SESSION_TOKEN={keys['SessionToken']}\n")
        file.write(f"AWS_REGION={os.environ['AWS_REGION']}\n")
        file.write(f"AWS_DEFAULT_REGION={os.environ['AWS_REGION']}\n")


def id_token() -> str:
    """Ask GitHub's token service for a token that says which job this is."""
    address, secret = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{part}") for part in ("URL", "TOKEN"))
    if not address or not secret:
        sys.exit("The job may not ask for a token: it needs the permission id-token: write.")
    url = f"{address}&audience={quote(os.environ['AUDIENCE'])}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"})  # noqa: S310 - the runner's
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - address
        value: str = json.load(answer)["value"]
    return value


def session(token: str) -> dict[str, str]:
    """Take the role; the token goes through a file, which no process list shows."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(token)
        file.flush()
        command = ["aws", "sts", "assume-role-with-web-identity", "--output", "json"]
        command += ["--role-arn", os.environ["ROLE"], "--role-session-name", os.environ["SESSION"]]
        command += ["--web-identity-token", f"file://{file.name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())
    keys: dict[str, str] = json.loads(done.stdout)["Credentials"]
    return keys


if __name__ == "__main__":
    main()
