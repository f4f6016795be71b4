"""A headless Chromium, driven through ChromeDriver by the W3C WebDriver protocol. Standard library only."""

import base64
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the protocol gives an element's id
KEYS = {"Escape": "\ue00c", "Enter": "\ue007"}


class BrowserError(Exception):
    pass


@functools.cache
def why_missing():
    """What is not installed or does not start here (Chromium wants a host named localhost, among others), or None."""
    for program in ("chromedriver", "chromium"):
        if not shutil.which(program):
            return f"{program} is not installed"
    try:
        with Browser():
            return None
    except (BrowserError, OSError) as error:
        return f"Chromium does not start here: {error}"


class Browser:
    def __init__(self, width=1400, height=950, dark=False):
        self.profile = tempfile.TemporaryDirectory(prefix="reftally-browser-", ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       env={**os.environ, "HOME": self.profile.name})
        self.root = None
        for line in self.driver.stdout:
            if match := re.search(r"started successfully on port (\d+)", line):
                self.root = f"http://127.0.0.1:{match[1]}/session"
                break
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     f"--window-size={width},{height}", f"--user-data-dir={self.profile.name}/profile", "--allow-file-access-from-files"]
        if dark:
            arguments.append("--force-dark-mode")
        try:
            self.start(arguments)
        except BaseException:
            self.close()
            raise

    def start(self, arguments):
        answer = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.root += "/" + answer["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", "")
        except (BrowserError, OSError):
            pass
        self.close()

    def close(self):
        self.driver.kill()
        self.driver.wait()
        self.profile.cleanup()

    def call(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.root + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"].splitlines()[0]) from None

    def open(self, url):
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": url})
        self.wait("return document.body.dataset.ready === 'true'", "the page is not ready")

    def script(self, source, *arguments):
        return self.call("POST", "/execute/sync", {"script": source, "args": list(arguments)})

    def wait(self, condition, complaint):
        """Until the script returns something true; polls inside the browser, so that a slow machine only takes longer."""
        found = self.call("POST", "/execute/async", {"args": [], "script": f"""
            const done = arguments[0], until = Date.now() + 25000, holds = () => {{ {condition} }};
            (function look() {{
              let held = false;
              try {{ held = holds(); }} catch {{ }}
              if (held || Date.now() > until) done(Boolean(held)); else setTimeout(look, 30);
            }})();"""})
        if not found:
            raise BrowserError(complaint)

    def find(self, css):
        return self.call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.call("POST", f"/element/{self.find(css)}/click")

    def type(self, css, text):
        self.call("POST", f"/element/{self.find(css)}/value", {"text": KEYS.get(text, text)})

    def press(self, key):
        key = KEYS.get(key, key)
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def text(self, css):
        return self.script("const e = document.querySelector(arguments[0]); return e ? e.textContent : null", css)

    def count(self, css):
        return self.script("return document.querySelectorAll(arguments[0]).length", css)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    def print_preview(self, on):
        """The page as it goes to a printer."""
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "print" if on else ""}})

    def complaints(self):
        """What the page said on its console: errors of scripts, things refused."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]
