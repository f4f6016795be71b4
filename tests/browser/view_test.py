#!/usr/bin/env python3
"""`reftally view`: what it refuses, that it survives a client that hangs, and the walk in a browser.
Usage: view_test.py REFTALLY LEAKY_PROGRAM"""

import concurrent.futures
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import browser

REFTALLY = PROGRAM = None


class View(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="reftally-view-")
        subprocess.run([REFTALLY, "run", "--no-analyze", "-o", cls.folder.name, "--", PROGRAM], check=True, capture_output=True, timeout=60)
        dump = next(pathlib.Path(cls.folder.name).glob("*.tally"))
        cls.server = subprocess.Popen([REFTALLY, "view", dump], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.url = cls.server.stdout.readline().strip()
        match = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/([0-9a-f]{32})/", cls.url)
        cls.port, cls.token = int(match[1]), match[2]

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGINT)
        ended = cls.server.wait(timeout=60)
        cls.server.stdout.close()
        cls.folder.cleanup()
        assert ended == 0, f"ended with {ended}"

    def send(self, text, timeout=60):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as client:
            client.sendall(text if isinstance(text, bytes) else text.encode())
            answer = b""
            try:
                while part := client.recv(65536):
                    answer += part
            except ConnectionResetError:  # closed before all was read
                pass
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head else 0), head.decode(), body.decode()

    def get(self, path, host=None, method="GET", **headers):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.send("\r\n".join(lines) + "\r\n\r\n")

    def test_the_page_and_its_answers(self):
        status, head, body = self.get(f"/{self.token}/")
        self.assertEqual(status, 200)
        self.assertIn("connect-src 'self'", body)
        self.assertIn("no-store", head)
        self.assertNotIn("Access-Control-Allow-Origin", head)
        status, _, body = self.get(f"/{self.token}/search?q=Session")
        found = json.loads(body)
        self.assertEqual([row["type"] for row in found["objects"]], ["Session"])
        status, _, body = self.get(f"/{self.token}/object?id={found['objects'][0]['id']}")
        self.assertIn("Session::on_data_", body)
        status, _, body = self.get(f"/{self.token}/graph?ids={found['objects'][0]['id']}")
        self.assertIn("<svg", json.loads(body)["svg"])

    def test_other_hosts_are_refused(self):
        for host in ("example.com", f"example.com:{self.port}", f"127.0.0.1.example.com:{self.port}", "127.0.0.1", f"[::1]:{self.port}", ""):
            self.assertEqual(self.get(f"/{self.token}/", host=host or " ")[0], 421, host)
        self.assertEqual(self.send(f"GET /{self.token}/ HTTP/1.0\r\n\r\n")[0], 421)
        self.assertEqual(self.send(f"GET /{self.token}/ HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nHost: evil\r\n\r\n")[0], 421)
        self.assertEqual(self.get(f"/{self.token}/", host=f"localhost:{self.port}")[0], 200)

    def test_other_origins_are_refused(self):
        for origin in ("http://example.com", "null", f"https://127.0.0.1:{self.port}", "http://127.0.0.1:1", f"http://127.0.0.1:{self.port}.example.com"):
            self.assertEqual(self.get(f"/{self.token}/", Origin=origin)[0], 403, origin)
        self.assertEqual(self.get(f"/{self.token}/", Sec_Fetch_Site="cross-site")[0], 403)
        self.assertEqual(self.get(f"/{self.token}/", Origin=f"http://127.0.0.1:{self.port}", Sec_Fetch_Site="same-origin")[0], 200)

    def test_wrong_tokens_are_refused(self):
        for path in ("/", "", "/x", "//", f"/{self.token}", f"/{self.token[:-1]}/", f"/{self.token}0/", f"/{self.token.upper()}x/", f"/{'0' * 32}/search",
                     f"/?/{self.token}/", f"/x/{self.token}/", f"/%2e/{self.token}/"):
            self.assertIn(self.get(path or "*")[0], (400, 403), path)

    def test_path_tricks_find_nothing(self):
        for path in ("../../etc/passwd", "..%2f..%2fetc/passwd", "%2e%2e/", "/etc/passwd", "search/", "search%00", "file:///etc/passwd", "./search", "object/../search"):
            self.assertEqual(self.get(f"/{self.token}/{path}")[0], 404, path)

    def test_bad_arguments_are_refused(self):
        for query in ("object", "object?id=", "object?id=-1", "object?id=99999999999999999999", "object?id=1x", "graph?ids=1,,2", "graph?ids=" + ",".join(["0"] * 100)):
            self.assertEqual(self.get(f"/{self.token}/{query}")[0], 400, query)
        self.assertEqual(self.get(f"/{self.token}/search?q={urllib.parse.quote('0xzz')}")[0], 200)

    def test_only_get(self):
        for method in ("POST", "HEAD", "OPTIONS", "DELETE", "get"):
            self.assertEqual(self.get(f"/{self.token}/", method=method)[0], 405, method)

    def test_nonsense_is_survived(self):
        self.assertEqual(self.send("\r\n\r\n")[0], 400)
        self.assertEqual(self.send(b"\x00\xff\xfe\r\n\r\n")[0], 400)
        self.assertEqual(self.get("")[0], 403)
        self.assertEqual(self.send("GET / HTTP/1.1\r\n" + "X: " + "y" * 100_000)[0], 0)
        self.assertEqual(self.get(f"/{self.token}/")[0], 200)

    def test_clients_that_hang_do_not_stop_the_others(self):
        silent = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(5)]
        half = socket.create_connection(("127.0.0.1", self.port))
        half.sendall(f"GET /{self.token}/ HT".encode())
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect(("127.0.0.1", self.port))
        deaf.sendall(f"GET /{self.token}/ HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        self.assertEqual(self.get(f"/{self.token}/search?q=")[0], 200)
        self.assertEqual(half.recv(10), b"", "a request that does not come is given up")
        for client in [*silent, half, deaf]:
            client.close()
        self.assertEqual(self.get(f"/{self.token}/")[0], 200)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_without_file_descriptors_it_waits_and_does_not_spin(self):
        before = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, (2, before[1]))  # two may be waited for
        used = self.cpu_seconds()
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            time.sleep(1)
            self.assertLess(self.cpu_seconds() - used, 0.3)
            resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, before)
            client.sendall(f"GET /{self.token}/search?q= HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))

    def test_objects_asked_for_at_once_are_all_told_whole(self):
        count = len(json.loads(self.get(f"/{self.token}/search?q=")[2])["objects"])
        paths = [f"/{self.token}/object?id={id}" for id in range(count)] * 4
        with concurrent.futures.ThreadPoolExecutor(12) as clients:
            answers = list(clients.map(lambda path: self.get(path)[2], paths))
        self.assertEqual([json.loads(answer)["born"] for answer in answers[:count]] * 4,
                         [json.loads(answer)["born"] for answer in answers])

    def test_it_listens_on_this_machine_only(self):
        port = f"{self.port:04X}"
        addresses = [line.split()[1].split(":")[0] for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]
                     if line.split()[1].endswith(":" + port) and line.split()[3] == "0A"]
        self.assertEqual(addresses, ["0100007F"])

    @unittest.skipIf(browser.why_missing(), f"skipped: {browser.why_missing()}")
    def test_a_walk_from_object_to_object(self):
        with browser.Browser() as page:
            page.open(self.url + "#walk")
            page.wait("return document.querySelector('.walk-link')", "no objects")
            page.type("#walk-search", "Session")
            page.type("#walk-search", "Enter")
            page.wait("return [...document.querySelectorAll('.walk-link code')].some((link) => link.textContent === 'Session')", "no Session")
            page.script("[...document.querySelectorAll('.walk-link')].find((link) => link.textContent.startsWith('Session')).click()")
            page.wait("return document.querySelector('[data-object]')", "no object")
            self.assertIn("on_data_", page.text("[data-object]"))
            page.click("[data-object] h2 .pick")
            page.wait("return document.querySelector('#picked g.node')", "no drawing")
            self.assertEqual(page.complaints(), [])


if __name__ == "__main__":
    REFTALLY, PROGRAM = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
