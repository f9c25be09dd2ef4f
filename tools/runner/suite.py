# SPDX-License-Identifier: MIT
"""What a suite found, and how it is printed: used by every part of --test."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import ktap


@dataclass
class Suite:
    """The points of one program or boot. `log` is where its whole output lies."""

    name: str
    points: list = field(default_factory=list)
    seconds: float = 0.0
    log: str = ""

    def count(self, verdict):
        return sum(point.verdict == verdict for point in self.points)

    def fail(self, name, detail):
        self.points.append(ktap.Point(name, "failed", detail))


@dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, suite):
        self.passed += suite.count("passed")
        self.failed += suite.count("failed")
        self.skipped += suite.count("skipped")

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def show(suite):
    """One line a suite; its failures and skips below it, each with its reason."""
    bad = suite.count("failed")
    counts = Totals()
    counts.add(suite)
    mark = "not ok" if bad else "ok"
    print(f"{mark:6} {suite.name:58} {suite.seconds:6.1f} s  {counts}")
    for point in suite.points:
        if point.verdict == "skipped":
            print(f"       skipped {point.name}: {point.detail}")
        elif point.verdict == "failed":
            print(f"       FAILED {point.name or suite.name}")
            for line in point.detail.splitlines():
                print(f"         | {line}")
    if bad and suite.log:
        print(f"       log: {suite.log}")
    sys.stdout.flush()


def run_all(title, jobs, workers, totals):
    """Runs the jobs (calls that return a Suite), some at a time; shows each when it is done."""
    start = time.monotonic()
    print(f"== {title}", flush=True)
    # The pool's threads live until all jobs are done, as process.spawn asks.
    pool = ThreadPoolExecutor(workers)
    try:
        for future in [pool.submit(job) for job in jobs]:
            suite = future.result()
            totals.add(suite)
            show(suite)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    print(f"== {title}: {time.monotonic() - start:.0f} s", flush=True)
