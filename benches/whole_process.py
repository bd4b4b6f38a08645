#!/usr/bin/env python3
"""Times `flowline run` against the hand-written loop of benches/reference.rs, as whole processes.

Both do the same job against the sandbox in another process, limits off, in turn, several times.
Prints CPU time (user + system), wall time and peak memory of each, and the ratio pair by pair; and how
long `flowline validate` takes on this project.

    cargo build --release --bin flowline --example reference
    python3 benches/whole_process.py [--issues 10000] [--bytes 10000] [--runs 5]
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def measure(command, env):
    """Runs a command; answers its CPU seconds, wall seconds and peak memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    # 1: some of the seeded records are dead letters, as they should be.
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command[0]} ended with {status}:\n{output.decode()}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, output.decode().strip()


def start_sandbox(folder, arguments):
    """Starts the sandbox in another process; answers it and its addresses."""
    sandbox = subprocess.Popen(
        [
            RELEASE / "flowline", "sandbox", "--format", "json", "--no-limits", "--no-index-lag",
            "--jira-port", "0", "--brevo-port", "0",
            "--issues", str(arguments.issues), "--issue-bytes", str(arguments.bytes),
        ],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    return sandbox, json.loads(sandbox.stdout.readline())


def project(folder, addresses):
    """The shipped project, its connections at the sandbox."""
    shutil.copytree(ROOT / "pipelines", folder / "pipelines")
    # The loop sends every change, so every change is young enough here too.
    pipeline = folder / "pipelines" / "support-tickets.yaml"
    pipeline.write_text(pipeline.read_text().replace("backfill: 7 days", "backfill: 4000 days"))
    (folder / "flowline.yaml").write_text(
        f"""flowline: 1
connections:
  support:
    jira: {{ site: "{addresses['jira']}", auth: {{ basic: {{ email: "${{JIRA_EMAIL}}", api_token: "${{JIRA_TOKEN}}" }} }} }}
  marketing:
    brevo: {{ url: "{addresses['brevo']}", api_key: "${{BREVO_KEY}}" }}
vars: {{ support_list: 22 }}
"""
    )


def validate(times):
    """The median wall time of `flowline validate` on this repository's project, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.monotonic()
        subprocess.run(
            [RELEASE / "flowline", "validate", "--quiet", "--project", ROOT], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        took.append((time.monotonic() - start) * 1000)
    return statistics.median(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["flowline", "reference"])
    arguments = parser.parse_args()
    results = {"flowline": [], "reference": []}
    for run in range(arguments.runs + 1):
        for name in results:
            if arguments.only not in (None, name):
                continue
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary)
                sandbox, addresses = start_sandbox(folder, arguments)
                try:
                    env = dict(
                        os.environ, JIRA_URL=addresses["jira"], JIRA_EMAIL=addresses["jira_email"],
                        JIRA_TOKEN=addresses["jira_token"], BREVO_URL=addresses["brevo"],
                        BREVO_KEY=addresses["brevo_key"], DATABASE=str(folder / "reference.db"), NO_COLOR="1",
                    )
                    if name == "flowline":
                        project(folder, addresses)
                        command = [RELEASE / "flowline", "run", "support-tickets", "--project", folder, "--since", "2000-01-01", "--quiet"]
                    else:
                        command = [RELEASE / "examples" / "reference"]
                    cpu, wall, memory, output = measure(command, env)
                finally:
                    sandbox.terminate()
                    sandbox.wait()
            if run > 0:  # The first is a warm-up.
                results[name].append((cpu, wall, memory))
            print(f"{name:9} run {run}: cpu {cpu:6.2f} s  wall {wall:6.2f} s  memory {memory:6.1f} MB  {output.splitlines()[-1] if output else ''}", flush=True)
    print()
    print(f"validate  median: wall {validate(20):.0f} ms")
    for name, rows in results.items():
        if rows:
            cpu, wall, memory = (statistics.median(row[index] for row in rows) for index in range(3))
            print(f"{name:9} median: cpu {cpu:6.2f} s  wall {wall:6.2f} s  memory {memory:6.1f} MB")
    if results["flowline"] and results["reference"]:
        ratios = sorted(ours[0] / theirs[0] for ours, theirs in zip(results["flowline"], results["reference"]))
        print(f"cpu ratio: {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
