# SPDX-License-Identifier: MIT
"""Builds and runs the host's tests and fuzzers under ASan and UBSan.

A program says what it needs in comments near its top:
    // sources: lib/fdt/fdt.c mm/map/*.c              (relative to the tree)
    // libs: -lfdt                       (optional)
    // granules: 12 14 16                (optional, log2 of the page size; default 12)
"""

import glob
import os
import re
import time
from dataclasses import dataclass

from . import ktap, process
from .suite import Suite

# The two addresses (mm/arm64/layout.h) lie in memory that ASan leaves to programs. picolibc
# comes last: only sys/tree.h is wanted of it.
FLAGS = (
    "-std=gnu11 -g -O1 -Wall -Wextra -Werror -Wstrict-prototypes -Wvla "
    "-fno-strict-aliasing -fno-omit-frame-pointer -DHOST -DPAGE_OFFSET=0x200000000000UL "
    "-DVMEMMAP_START=0x300000000000UL -Itests/host/arch -I. "
    "-idirafter /usr/lib/picolibc/aarch64-linux-gnu/include"
).split()
SANITIZERS = "address,undefined"
COMMENT = re.compile(r"^// (sources|libs|granules): (.+)$", re.M)
FUZZED = re.compile(r"^(?:stat::number_of_executed_units: |Done )(\d+)", re.M)
BUILD_LIMIT_S = 180
RUN_LIMIT_S = 180
FAILURE_LINES = 25


@dataclass
class Program:
    name: str
    source: str
    others: list
    libs: list
    granule: str
    binary: str

    @property
    def is_fuzzer(self):
        return self.name.startswith("fuzz_")


def _expand(patterns):
    """The files of a `sources:` line; a pattern that matches none stays, for the compiler to name."""
    return [file for pattern in patterns.split() for file in sorted(glob.glob(pattern)) or [pattern]]


def find(folder, out, prefix):
    """All programs tests/host/<prefix>*.c, once a granule."""
    programs = []
    for file in sorted(os.listdir(folder)):
        if not (file.startswith(prefix) and file.endswith(".c")):
            continue
        source = os.path.join(folder, file)
        with open(source, encoding="utf-8") as text:
            needs = dict(COMMENT.findall(text.read(4096)))
        granules = needs.get("granules", "12").split()
        for granule in granules:
            name = file[:-2] + (f"-g{granule}" if len(granules) > 1 else "")
            programs.append(Program(
                name, source, _expand(needs.get("sources", "")), needs.get("libs", "").split(),
                granule, os.path.join(out, name)))
    return programs


def _newest_source():
    """The last change to any C file or to the flags: what every binary is compared with."""
    newest = os.path.getmtime(__file__)
    for room in ("lib", "mm", "drivers", "bench", "tests", "boot"):
        for folder, _, files in os.walk(room):
            newest = max([newest] + [os.path.getmtime(os.path.join(folder, file))
                                     for file in files if file.endswith((".c", ".h"))])
    return newest


def build(program):
    """Compiles unless nothing changed. Returns "" or what the compiler said."""
    binary = program.binary
    if os.path.exists(binary) and os.path.getmtime(binary) > _newest_source():
        return ""
    os.makedirs(os.path.dirname(binary), exist_ok=True)
    kinds = f"fuzzer,{SANITIZERS}" if program.is_fuzzer else SANITIZERS
    command = ["clang", *FLAGS, f"-DGRANULE_SHIFT={program.granule}", f"-fsanitize={kinds}",
               "-fno-sanitize-recover=all", program.source, "tests/host/host.c", *program.others,
               *program.libs, "-o", f"{binary}.partial"]
    status, output, timed_out = process.run(command, BUILD_LIMIT_S)
    if status or timed_out:
        return output or "the compiler was killed"
    os.replace(f"{binary}.partial", binary)
    return ""


def _run(program, command, limit_s):
    """Builds and runs: (suite, status, output). A suite that has points already has failed."""
    start = time.monotonic()
    suite = Suite(f"host/{program.name}", log=f"{program.binary}.log")
    complaint = build(program)
    if complaint:
        status, output, timed_out = None, complaint, False
    else:
        status, output, timed_out = process.run(command, limit_s)
    with open(suite.log, "w", encoding="utf-8") as log:
        log.write(output)
    suite.seconds = time.monotonic() - start
    if complaint:
        suite.fail("build", _excerpt(output))
    elif timed_out:
        suite.fail("limit", f"still running after {limit_s} s")
    return suite, status, output


def _excerpt(output):
    """The lines that matter: from the first report of a sanitizer, else the last ones."""
    lines = output.splitlines()
    inputs = [line for line in lines if "Test unit written to" in line]  # a fuzzer's, for replay
    for number, line in enumerate(lines):
        if re.search(r"ERROR: |runtime error:|error:|^panic: ", line):
            return "\n".join(lines[number : number + FAILURE_LINES] + inputs)
    return "\n".join(lines[-FAILURE_LINES:])


def run_test(program):
    """One TAP program as a Suite."""
    suite, status, output = _run(program, [program.binary], RUN_LIMIT_S)
    if suite.points:
        return suite
    suite.points = ktap.parse(output.splitlines())
    cut_short = any(point.name == "plan" for point in suite.points)
    if status and (cut_short or not suite.count("failed")):
        suite.fail(f"exit status {status}", _excerpt(output))
    return suite


def run_fuzzer(program, seconds):
    """One fuzzer, bounded, as a Suite of one point; its corpus grows in the build folder."""
    corpus = f"{program.binary}.corpus"
    os.makedirs(corpus, exist_ok=True)
    command = [program.binary, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={program.binary}.", corpus]
    suite, status, output = _run(program, command, seconds + 60)
    if suite.points:
        return suite
    executed = FUZZED.search(output)
    if status:
        suite.fail(program.name, _excerpt(output))
    elif not executed or executed.group(1) == "0":
        suite.fail(program.name, "nothing was executed")
    else:
        suite.name += f" ({executed.group(1)} executions)"
        suite.points.append(ktap.Point(program.name, "passed"))
    return suite
