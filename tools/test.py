#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every test: the runner's own, the host's, bounded fuzzing, the boots of tests/matrix and
tests/endings, the SD card by U-Boot, and a sample of tests/mutants, which the tests must catch.

Called by `qemu.sh --test` and, for one table, `make test-1t`, from the top of the tree. The last line on standard
output is `N passed, N failed, N skipped`; exit status 0 iff nothing failed.
"""

import argparse
import datetime
import functools
import os
import sys
import time

from runner import card, endings, host, ktap, matrix, process, suite

FUZZ_BUDGET_S = 60  # wall clock, for all fuzzers together
FUZZ_LEAST_S = 5
RUNNER_LIMIT_S = 120
MUTANTS = 10
MUTANTS_LIMIT_S = 900  # ten times what they need on two CPUs


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="the build folder")
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--silence", type=int, default=60, help="limit of a boot in seconds")
    parser.add_argument("--endings", metavar="FILE", help="only the boots of this table")
    return parser.parse_args()


def run_program(name, command, limit_s, out):
    """One TAP program of the tree's tools as a Suite."""
    start = time.monotonic()
    result = suite.Suite(name, log=os.path.join(out, f"{name}.log"))
    os.makedirs(os.path.dirname(result.log), exist_ok=True)
    status, output, timed_out = process.run([sys.executable, *command], limit_s)
    with open(result.log, "w", encoding="utf-8") as log:
        log.write(output)
    result.points = ktap.parse(output.splitlines())
    if timed_out or (status and not result.count("failed")):
        result.fail("exit status", f"{status}: {output[-1000:]}")
    result.seconds = time.monotonic() - start
    return result


def runner_tests(out):
    folder = "tests/runner"
    return [functools.partial(run_program, f"runner/{file[:-3]}", [os.path.join(folder, file)],
                              RUNNER_LIMIT_S, out)
            for file in sorted(os.listdir(folder))
            if file.startswith("test_") and file.endswith(".py")]


def fuzz_seconds(count, workers):
    """An equal share of the budget for each fuzzer."""
    return max(FUZZ_LEAST_S, FUZZ_BUDGET_S * workers // max(count, workers))


def mutants(options, seed):
    """A few of them, others each day; `make mutants` tries all."""
    command = ["tools/mutants.py", "--sample", str(MUTANTS), "--seed", seed, "--qemu", options.qemu]
    return [functools.partial(run_program, "mutants/sample", command, MUTANTS_LIMIT_S, options.out)]


def run_endings(options, path):
    """One table's boots, one after the other, with the kernel that they need."""
    totals = suite.Totals()
    kernels = sorted({ending.granule for ending in endings.read(path)})
    suite.run_all("kernels", [functools.partial(matrix.build, options.out, granule, endings.COMPILER)
                              for granule in kernels], 1, totals)
    suite.run_all(path, endings.jobs(options.out, options.qemu, options.silence, [path]), 1, totals)
    return totals


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
    suite.run_all("endings", endings.jobs(options.out, options.qemu, options.silence), workers,
                  totals)
    suite.run_all("the SD card", card.makes(options.out), workers, totals)
    suite.run_all("the SD card, by U-Boot", card.boots(options.out, options.qemu, options.silence),
                  workers, totals)
    today = datetime.date.today().isoformat()
    suite.run_all(f"mutants, --sample {MUTANTS} --seed {today}", mutants(options, today), 1, totals)
    return totals


def main():
    process.install_signal_handlers()
    try:
        options = arguments()
        totals = run_endings(options, options.endings) if options.endings else run(options)
    except process.Interrupted as interrupt:
        process.kill_all()
        print("tlbed: interrupted", file=sys.stderr, flush=True)
        os._exit(interrupt.exit_status)  # the pool's threads have nothing more to do
    print(totals, flush=True)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
