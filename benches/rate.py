#!/usr/bin/env python3
"""Measures how much of Brevo's documented rate `flowline run` uses, with the sandbox's limits on.

One process, then two at once on one project. Prints for each the contacts written a second, the share
of the allowed 10 a second while contacts were written, and how many answers were 429.

    cargo build --release --bin flowline --example reference
    python3 benches/rate.py [--issues 1500]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

from whole_process import RELEASE, project

# Brevo's documented limit of /contacts, a second.
ALLOWED = 10


def requests(addresses):
    return json.load(urllib.request.urlopen(addresses["control"].rstrip("/") + "/requests"))


def contacts(counted):
    """Calls that count for the limit of /contacts."""
    calls = counted["requests"]["brevo"]
    return sum(
        call["count"] for name, call in calls.items() if "/v3/contacts" in name and "GET" not in name
    )


def measure(arguments, processes):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sandbox = subprocess.Popen(
            [RELEASE / "flowline", "sandbox", "--format", "json", "--no-index-lag",
             "--jira-port", "0", "--brevo-port", "0", "--issues", str(arguments.issues)],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        try:
            addresses = json.loads(sandbox.stdout.readline())
            env = dict(
                os.environ, JIRA_EMAIL=addresses["jira_email"], JIRA_TOKEN=addresses["jira_token"],
                BREVO_KEY=addresses["brevo_key"], NO_COLOR="1",
            )
            project(folder, addresses)
            first = folder / "pipelines" / "support-tickets.yaml"
            text = first.read_text().split("  - brevo.events:")[0]
            names = []
            for number in range(processes):
                # The same contacts with other attributes: none knows what another has written.
                names.append(f"part-{number}")
                part = text.replace("        LAST_TICKET_KEY: $.key\n", "") if number else text
                (folder / "pipelines" / f"part-{number}.yaml").write_text(part)
            runs = [
                subprocess.Popen(
                    [RELEASE / "flowline", "run", name, "--project", folder, "--since", "2000-01-01", "--quiet"],
                    env=env, stdout=subprocess.DEVNULL,
                )
                for name in names
            ]
            began = ended = None
            written = 0
            while any(run.poll() is None for run in runs):
                now, count = time.monotonic(), contacts(requests(addresses))
                if count and began is None:
                    began, first_count = now, count
                if count > written:
                    written, ended = count, now
                time.sleep(0.05)
            # 1: some of the seeded records are dead letters, as they should be.
            if any(run.wait() not in (0, 1) for run in runs):
                sys.exit(f"a run ended with {[run.returncode for run in runs]}")
            counted = requests(addresses)
            rate = (written - first_count) / (ended - began)
            refused = counted["rate_limited"]["brevo"] + counted["rate_limited"]["jira"]
            print(
                f"{processes} process(es): {written} contacts written, {rate:.2f} a second, "
                f"{100 * rate / ALLOWED:.0f} % of what is allowed, {refused} times 429"
            )
        finally:
            sandbox.terminate()
            sandbox.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--issues", type=int, default=1_500)
    arguments = parser.parse_args()
    measure(arguments, 1)
    measure(arguments, 2)


if __name__ == "__main__":
    main()
