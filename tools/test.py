#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every test: the runner's own, the host's, bounded fuzzing, the boots of tests/matrix.

Called by `qemu.sh --test` from the top of the tree. The last line on standard
output is `N passed, N failed, N skipped`; exit status 0 iff nothing failed.
"""

import argparse
import functools
import os
import sys
import time

from runner import host, ktap, matrix, process, suite

FUZZ_BUDGET_S = 60  # wall clock, for all fuzzers together
FUZZ_LEAST_S = 5
RUNNER_LIMIT_S = 120


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="the build folder")
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--silence", type=int, default=60, help="limit of a boot in seconds")
    return parser.parse_args()


def run_runner_test(path, out):
    """One TAP program in Python as a Suite."""
    start = time.monotonic()
    name = os.path.basename(path)[:-3]
    result = suite.Suite(f"runner/{name}", log=os.path.join(out, "runner", f"{name}.log"))
    os.makedirs(os.path.dirname(result.log), exist_ok=True)
    status, output, timed_out = process.run([sys.executable, path], RUNNER_LIMIT_S)
    with open(result.log, "w", encoding="utf-8") as log:
        log.write(output)
    result.points = ktap.parse(output.splitlines())
    if timed_out or (status and not result.count("failed")):
        result.fail("exit status", f"{status}: {output[-1000:]}")
    result.seconds = time.monotonic() - start
    return result


def runner_tests(out):
    folder = "tests/runner"
    return [functools.partial(run_runner_test, os.path.join(folder, file), out)
            for file in sorted(os.listdir(folder))
            if file.startswith("test_") and file.endswith(".py")]


def fuzz_seconds(count, workers):
    """An equal share of the budget for each fuzzer."""
    return max(FUZZ_LEAST_S, FUZZ_BUDGET_S * workers // max(count, workers))


def run(options):
    workers = len(os.sched_getaffinity(0))
    totals = suite.Totals()
    host_out = os.path.join(options.out, "host")
    tests = host.find("tests/host", host_out, "test_")
    fuzzers = host.find("tests/host", host_out, "fuzz_")
    rows = matrix.read()
    seconds = fuzz_seconds(len(fuzzers), workers)

    suite.run_all("the runner", runner_tests(options.out), workers, totals)
    suite.run_all("host tests", [functools.partial(host.run_test, program) for program in tests],
                  workers, totals)
    suite.run_all(f"fuzzing, {seconds} s each",
                  [functools.partial(host.run_fuzzer, program, seconds) for program in fuzzers],
                  workers, totals)
    suite.run_all("kernels", [functools.partial(matrix.build, options.out, *kernel)
                              for kernel in matrix.builds(rows)], workers, totals)
    suite.run_all("on-target suites",
                  [functools.partial(matrix.boot, number, row, options.out, options.qemu,
                                     options.silence) for number, row in enumerate(rows, 1)],
                  workers, totals)
    return totals


def main():
    process.install_signal_handlers()
    try:
        totals = run(arguments())
    except process.Interrupted as interrupt:
        process.kill_all()
        print("tlbed: interrupted", file=sys.stderr, flush=True)
        os._exit(interrupt.exit_status)  # the pool's threads have nothing more to do
    print(totals, flush=True)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
