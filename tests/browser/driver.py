"""A headless Chromium, driven over the WebDriver protocol: JSON over HTTP to chromedriver."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name of an element's id
# As root, Chromium has no sandbox. Nobody's page is opened here but ours.
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]


JSON = {"Content-Type": "application/json"}


def answered(request: Request) -> Any:
    with urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)["value"]


class Browser:
    """One session. Methods that are not here are commands of the protocol: see `call`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, command: str, **body: Any) -> Any:
        """A command's answer; GET where it has no body."""
        data = json.dumps(body).encode() if body else None
        return answered(Request(f"{self.url}/{command}", data, JSON))  # noqa: S310 - loopback

    def close(self) -> None:
        answered(Request(self.url, method="DELETE"))  # noqa: S310 - loopback

    def open(self, page: Path) -> None:
        self.call("url", url=page.as_uri())

    def devtools(self, command: str, **params: Any) -> Any:
        return self.call("goog/cdp/execute", cmd=command, params=params)

    def script(self, code: str) -> Any:
        return self.call("execute/sync", script=code, args=[])

    def wait(self, code: str) -> Any:
        """What the script gives to `done`, when it does."""
        started = f"const done = arguments[arguments.length - 1]; {code}"
        return self.call("execute/async", script=started, args=[])

    def all(self, selector: str) -> list[str]:
        """The ids of the elements that a CSS selector chooses."""
        return [item[ELEMENT] for item in self.call("elements", using="css selector", value=selector)]

    def name(self, element: str) -> str:
        """How assistive technology calls an element, as the browser computes it."""
        return str(self.call(f"element/{element}/computedlabel"))

    def role(self, element: str) -> str:
        return str(self.call(f"element/{element}/computedrole"))

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("screenshot"))

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was noted since the last call: `browser` is the console, `performance` has the network."""
        entries: list[dict[str, Any]] = self.call("se/log", type=kind)
        return entries


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser as long as the block lasts."""
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert driver.stdout
        started = next(line for line in driver.stdout if "started successfully on port" in line)
        port = int(re.findall(r"\d+", started)[-1])
        options = {
            "goog:chromeOptions": {"args": [*ARGUMENTS, f"--user-data-dir={profile}"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        opened = Browser(f"http://127.0.0.1:{port}").call("session", capabilities={"alwaysMatch": options})
        session = Browser(f"http://127.0.0.1:{port}/session/{opened['sessionId']}")
        try:
            yield session
        finally:
            session.close()
    finally:
        driver.terminate()
        driver.wait()
