#!/usr/bin/env python3
"""Loads `flowline serve` with signed Jira webhooks from another process.

First at a steady rate: how long until each is answered 200. Then at the same rate while the server is
killed (SIGKILL) again and again: every delivery that was answered 200 must be in the state, and no event
may be at Brevo twice. What was not answered is delivered again under its identifier, as Jira does.

    cargo build --release --bin flowline --example reference
    python3 benches/webhooks.py [--rate 500] [--seconds 60] [--kills 20]
"""

import argparse
import asyncio
import base64
import collections
import hashlib
import hmac
import json
import multiprocessing
import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

from whole_process import RELEASE

SECRET = "It's a Secret to Everybody"
CONNECTIONS = 64
TRIES = 20

# One event a delivery: its id is made of the issue's and of the history that the webhook announces.
PIPELINE = """
sources:
  - jira.webhook: { events: [issue_updated] }
transforms:
  - keep: $.fields.reporter.emailAddress
sinks:
  # Brevo has no timeline of somebody whom it does not know.
  - brevo.contacts: { identify: { email: $.fields.reporter.emailAddress } }
  - brevo.events:
      name: issue_seen
      identify: { email: $.fields.reporter.emailAddress }
      properties: { key: $.key }
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def issues(addresses):
    """The sandbox's issues: id, key, and whether somebody can be told."""
    user = f"{addresses['jira_email']}:{addresses['jira_token']}".encode()
    request = urllib.request.Request(
        addresses["jira"] + "/rest/api/3/search/jql",
        data=json.dumps({"jql": "created >= 2000-01-01", "fields": ["reporter"], "maxResults": 100}).encode(),
        headers={"authorization": "Basic " + base64.b64encode(user).decode(), "content-type": "application/json"},
    )
    def told(issue):
        return "@" in ((issue["fields"].get("reporter") or {}).get("emailAddress") or "")

    answer = json.load(urllib.request.urlopen(request))
    return [(issue["id"], issue["key"], told(issue)) for issue in answer["issues"]]


def delivery(port, number, issue):
    """A request of about 4 KB, as Jira would send it."""
    body = json.dumps({
        "timestamp": int(time.time() * 1000), "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "issue": {"id": issue[0], "key": issue[1], "fields": {"summary": "x" * 4_000}},
        "changelog": {"id": str(90_000_000 + number), "items": [
            {"field": "status", "fieldId": "status", "from": "1", "fromString": "Open", "to": "3", "toString": "Done"}]},
    }).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/support HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"x-hub-signature: sha256={signature}\r\nx-atlassian-webhook-identifier: load-{number}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(port, connection, request):
    """Sends over a connection that is kept; answers the status and the connection."""
    if connection is None:
        connection = await asyncio.open_connection("127.0.0.1", port)
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
    await reader.readexactly(int(length))
    return int(head.split(" ")[1]), connection


async def load(port, first, rate, seconds, known, out):
    waiting = asyncio.Queue()
    accepted, latencies, statuses, given_up = [], [], collections.Counter(), []

    async def courier():
        connection = None
        while (number := await waiting.get()) is not None:
            request = delivery(port, number, known[number % len(known)])
            for _ in range(TRIES):
                began = time.perf_counter()
                try:
                    status, connection = await asyncio.wait_for(ask(port, connection, request), 20)
                except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                    status, connection = None, None
                statuses[status] += 1
                if status == 200:
                    latencies.append(time.perf_counter() - began)
                    accepted.append(f"load-{number}")
                    break
                await asyncio.sleep(0.5)
            else:
                given_up.append(number)

    couriers = [asyncio.create_task(courier()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for count in range(rate * seconds):
        await asyncio.sleep(max(0, began + count / rate - time.perf_counter()))
        waiting.put_nowait(first + count)
    took = time.perf_counter() - began
    for _ in couriers:
        waiting.put_nowait(None)
    await asyncio.gather(*couriers)
    out.put((accepted, latencies, dict(statuses), given_up, took))


def in_another_process(*arguments):
    out = multiprocessing.Queue()
    process = multiprocessing.Process(target=lambda: asyncio.run(load(*arguments, out)))
    process.start()
    return process, out


class Server:
    """`flowline serve` on a project."""

    def __init__(self, folder, env, port):
        self.folder, self.env, self.port = folder, env, port
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [RELEASE / "flowline", "serve", "--project", self.folder, "--log-level", "error"], env=self.env,
            stdout=subprocess.DEVNULL, stderr=open(self.folder / "serve.log", "a"),
        )
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz")
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit((self.folder / "serve.log").read_text())
                time.sleep(0.025)
        sys.exit("serve does not answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def depth(self):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics").read().decode()
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("flowline_inbox_depth{")
        )

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if (code := self.process.wait(timeout=60)) != 0:
            sys.exit(f"serve ended with {code}: {(self.folder / 'serve.log').read_text()}")


def milliseconds(latencies, share):
    return 1000 * sorted(latencies)[min(len(latencies) - 1, int(share * len(latencies)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sandbox = subprocess.Popen(
            [RELEASE / "flowline", "sandbox", "--format", "json", "--no-limits", "--jira-port", "0", "--brevo-port", "0"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        try:
            addresses = json.loads(sandbox.stdout.readline())
            port = free_port()
            (folder / "flowline.yaml").write_text(
                "flowline: 1\nconnections:\n"
                f"  support: {{ jira: {{ site: '{addresses['jira']}', webhook_secret: '${{HOOK}}',\n"
                "    auth: { basic: { email: '${JIRA_EMAIL}', api_token: '${JIRA_TOKEN}' } } } }\n"
                f"  marketing: {{ brevo: {{ url: '{addresses['brevo']}', api_key: '${{BREVO_KEY}}' }} }}\n"
                f"server: {{ listen: '127.0.0.1:{port}' }}\n"
            )
            (folder / "pipelines").mkdir()
            (folder / "pipelines" / "live.yaml").write_text(PIPELINE)
            env = dict(
                os.environ, HOOK=SECRET, JIRA_EMAIL=addresses["jira_email"], JIRA_TOKEN=addresses["jira_token"],
                BREVO_KEY=addresses["brevo_key"], NO_COLOR="1",
            )
            known = issues(addresses)
            server = Server(folder, env, port)

            process, out = in_another_process(port, 0, arguments.rate, arguments.seconds, known)
            accepted, latencies, statuses, given_up, took = out.get()
            process.join()
            print(
                f"steady: {len(accepted)} accepted, {len(accepted) / took:.0f} a second, p50 {milliseconds(latencies, 0.5):.1f} ms, "
                f"p99 {milliseconds(latencies, 0.99):.1f} ms, longest {milliseconds(latencies, 1):.1f} ms, answers {statuses}"
            )

            first = arguments.rate * arguments.seconds
            process, out = in_another_process(port, first, arguments.rate, arguments.seconds, known)
            kills = 0
            pause = arguments.seconds / max(1, arguments.kills)
            while kills < arguments.kills and out.empty():
                time.sleep(pause * chance.uniform(0.3, 1.2))
                server.kill()
                server.start()
                kills += 1
            again, _, statuses, lost, _ = out.get()
            process.join()
            deadline = time.monotonic() + 300
            while server.depth() > 0:
                if time.monotonic() > deadline:
                    sys.exit(f"the inbox is not worked off: {server.depth():.0f} are left")
                time.sleep(0.5)
            server.stop()

            state = sqlite3.connect(f"file:{folder / '.flowline' / 'state.db'}?mode=ro", uri=True)
            kept = {row[0].removeprefix("id:") for row in state.execute("SELECT identifier FROM inbox")}
            missing = [one for one in accepted + again if one not in kept]
            events = json.load(urllib.request.urlopen(addresses["control"].rstrip("/") + "/brevo/events"))
            events = events["events"] if isinstance(events, dict) else events
            names = collections.Counter(
                event.get("event_properties", event.get("properties"))["event_id"] for event in events
            )
            twice = [name for name, count in names.items() if count > 1]
            told = sum(known[int(one.removeprefix("load-")) % len(known)][2] for one in accepted + again)
            print(
                f"killed {kills} times: {len(again)} accepted, {len(missing)} of them lost, answers {statuses}, "
                f"{len(names)} events of {told} at Brevo, {len(twice)} of them twice"
            )
            if missing or twice or given_up or lost or len(names) != told:
                sys.exit(f"lost {missing[:5]}, twice {twice[:5]}, never accepted {(given_up + lost)[:5]}")
        finally:
            sandbox.terminate()
            sandbox.wait()


if __name__ == "__main__":
    main()
