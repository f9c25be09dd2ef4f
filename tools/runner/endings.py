# SPDX-License-Identifier: MIT
"""Boots that must end in a known way: tests/endings, whose head says what its words mean,
tests/endings-check, -mapped, -bench, -cases, tests/boards/endings-*, tests/scale/endings;
endings-1t is make test-1t's.
"""

import json
import math
import os
import re
import shlex
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from . import console, ktap, matrix, results, standin, starts
from .suite import Suite

ENDINGS = "tests/endings"
CHECK_ENDINGS = "tests/endings-check"
MAPPED_ENDINGS = "tests/endings-mapped"
BENCH_ENDINGS = "tests/endings-bench"
CASES_ENDINGS = "tests/endings-cases"
BOARD_ENDINGS = "tests/boards/endings-trees"
BOARDS = "tests/boards"
CLK_ENDINGS = "tests/boards/endings-clk"
STANDIN_ENDINGS = "tests/boards/endings-standins"
SCALE_ENDINGS = "tests/scale/endings"
ALL_ENDINGS = (ENDINGS, CHECK_ENDINGS, MAPPED_ENDINGS, BENCH_ENDINGS, CASES_ENDINGS, BOARD_ENDINGS,
               CLK_ENDINGS, STANDIN_ENDINGS, SCALE_ENDINGS)
COMPILER = "gcc"  # of the matrix
BOOT_LIMIT_S = 180
WRAPPED = "wrapped"  # one more start than starts.py has, of standin.py


@dataclass
class Ending:
    name: str
    place: str  # file:line
    why: str = ""
    options: list = field(default_factory=list)
    words: str = ""
    arguments: list = field(default_factory=list)
    start: str = "kernel"
    board: standin.StandIn = field(default_factory=standin.StandIn)
    granule: str = "4K"
    silence: int = 0  # seconds; 0: the runner's own limit
    limit: int = BOOT_LIMIT_S  # seconds that the whole boot may take
    status: int = -1
    edits: list = field(default_factory=list)
    checks: list = field(default_factory=list)  # (key, value)


class Malformed(ValueError):
    """One line: file:line, and what is wrong there."""


def read(path=ENDINGS):
    """The endings of a file. Raises Malformed."""
    endings, ending, seen = [], None, set()
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        key, _, value = line.partition(" ")
        value = value.strip()
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{path}:{number}"
        if key == "ending":
            _finish(ending)
            if not value or any(value == other.name for other in endings):
                raise Malformed(f"{place}: an ending needs a name of its own, not '{value}'")
            ending, seen = Ending(value, place), set()
            endings.append(ending)
        elif ending is None:
            raise Malformed(f"{place}: '{key}' before the first ending")
        elif key in seen:
            raise Malformed(f"{place}: '{key}' twice")
        elif key == "edited-as":
            ending.edits += _edits_of(value, endings[:-1], place)
        else:
            _take(ending, key, value, place)
            seen |= {key} & (SETTINGS.keys() | BOARD.keys() - {"store"})
    _finish(ending)
    if not endings:
        raise Malformed(f"{path}:1: no endings")
    _check_order(endings)
    return endings


def _edits_of(name, before, place):
    for ending in before:
        if ending.name == name:
            return ending.edits
    raise Malformed(f"{place}: edited-as: no ending '{name}' before this one")


def _check_order(endings):
    """What is compared with another boot comes after that one."""
    before = set()
    for ending in endings:
        for key, parts in ending.checks:
            if key == "growth" and parts[0] not in before:
                raise Malformed(f"{ending.place}: growth: no ending '{parts[0]}' before this one")
        before.add(ending.name)


def read_all(paths=ALL_ENDINGS):
    """The endings of these files. Raises Malformed."""
    return [ending for path in paths for ending in read(path)]


def _finish(ending):
    if not ending:
        return
    if ending.status < 0 or not ending.why:
        raise Malformed(f"{ending.place}: ending '{ending.name}' needs `why` and `status`")
    board = ending.board
    if ending.start != WRAPPED and (board.tree or board.stores or board.spoilt >= 0):
        raise Malformed(f"{ending.place}: `tree`, `spoil` and `store` are for start {WRAPPED}")
    if ending.start not in (WRAPPED, "uboot") and board.at:
        raise Malformed(f"{ending.place}: `at` is for start {WRAPPED} and uboot")


def _take(ending, key, value, place):
    """One line of an ending."""
    try:
        if key in SETTINGS:
            name, convert = SETTINGS[key]
            setattr(ending, name, convert(value))
        elif key in BOARD:
            BOARD[key](ending.board, value)
        elif key == "fdtput":
            ending.edits.append(_words(value))
            if "TREE" not in ending.edits[-1]:
                raise ValueError("no TREE in it")
        elif key in CHECKS:
            counts, blanks, _ = CHECKS[key]
            parts = value.split(None, max(counts) - 1 if blanks else -1)
            if len(parts) not in counts:
                raise ValueError(f"'{value}' is not what it takes")
            for part in parts:
                re.compile(part)
            if key in AMOUNTS:
                amount(parts[AMOUNTS[key]])
            ending.checks.append((key, parts))
        else:
            raise ValueError("no such word")
    except (ValueError, re.error) as error:
        raise Malformed(f"{place}: {key}: {error}") from error


def _words(value):
    found = shlex.split(value)
    if not found:
        raise ValueError("nothing follows")
    return found


def _word(value):
    if not re.fullmatch(r"[\w.-]+", value):
        raise ValueError(f"'{value}' is no name")
    return value


def _one_of(*choices):
    def convert(value):
        if value not in choices:
            raise ValueError(f"'{value}' is none of {', '.join(choices)}")
        return value

    return convert


def _seconds(value):
    if not re.fullmatch("[1-9][0-9]{0,2}", value):
        raise ValueError(f"'{value}' is no number of seconds")
    return int(value)


def amount(text):
    """A sum of products of whole numbers without blanks, as `400+8*16`."""
    if not re.fullmatch(r"\d+([+*]\d+)*", text):
        raise ValueError(f"'{text}' is no sum of products")
    return sum(math.prod(map(int, term.split("*"))) for term in text.split("+"))


SETTINGS = {
    "why": ("why", str),
    "options": ("options", _words),
    "words": ("words", str),
    "arguments": ("arguments", _words),
    "start": ("start", _one_of(*starts.STARTS, WRAPPED)),
    "granule": ("granule", _one_of("4K", "16K", "64K")),
    "silence": ("silence", _seconds),
    "limit": ("limit", _seconds),
    "status": ("status", lambda value: int(_one_of(*"01234")(value))),
}

# What a wrapped start has besides: how each word changes a StandIn.
BOARD = {
    "tree": lambda board, value: setattr(board, "tree", os.path.join(BOARDS, _word(value))),
    "at": lambda board, value: setattr(board, "at", standin.parse_at(value)),
    "spoil": lambda board, value: setattr(board, "spoilt", standin.parse_offset(value)),
    "store": lambda board, value: board.stores.append(standin.parse_store(value)),
}


class Evidence:
    """What a boot left behind, for the checks. Each check returns "" or what is wrong."""

    def __init__(self, boot, booted):
        self.boot = boot
        self.booted = booted  # by name, the Futures of the lines of this and other endings
        self.lines = [*boot.lines, boot.open_line]
        self.results = results.parse(boot.lines)

    def says(self, pattern):
        return "" if any(re.search(pattern, line) for line in self.lines) else "no line says it"

    def never(self, pattern):
        return "\n".join(line for line in self.lines if re.search(pattern, line))

    def reason(self, pattern):
        return "" if re.search(pattern, self.boot.reason) else f"the reason: '{self.boot.reason}'"

    def qemu(self, pattern):
        seen = "stays" if self.boot.qemu_status is None else str(self.boot.qemu_status)
        return "" if re.fullmatch(pattern, seen) else f"QEMU: {seen}"

    def resident(self, most):
        peak = self.boot.peak_kib / 1024
        if 0 < peak <= amount(most):
            return ""
        return f"QEMU had {peak:.0f} MiB" if peak else "not known: QEMU did not end by itself"

    def at_most(self, most, pattern):
        seen = _number(self.lines, pattern)
        return "" if seen is not None and seen <= amount(most) else f"it is {seen}"

    def growth(self, name, most, pattern):
        before = _number(self.booted[name].result() if name in self.booted else [], pattern)
        seen = _number(self.lines, pattern)
        if None not in (before, seen) and seen - before <= amount(most):
            return ""
        return f"it is {seen}, in {name} {before}"

    def passes(self, pattern):
        points = ktap.parse(self.boot.lines)
        bad = [f"{p.verdict} {p.name}: {p.detail}" for p in points if p.verdict == "failed" or
               (p.verdict == "skipped" and re.search(pattern, p.name))]
        if not any(re.search(pattern, p.name) for p in points):
            bad.append("no test point has such a name")
        return "\n".join(bad)

    def _context(self, key):
        value = self.results.context
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
        return value if isinstance(value, str) else json.dumps(value)

    def context(self, key, pattern):
        value = self._context(key)
        if value is None:
            return "it is not there"
        return "" if re.search(pattern, value) else f"it is '{value}'"

    def no_context(self, key):
        value = self._context(key)
        return self._no_results() or ("" if value is None else f"it is '{value}'")

    def _no_results(self):
        return "" if self.results.benchmarks else "no records at all"

    def record(self, pattern, key=None, wanted=""):
        found = [r for r in self.results.benchmarks if re.search(pattern, r["name"])]
        if not found:
            return self._no_results() or "no record has such a name"
        return "\n".join(f"{r['name']}: {r.get(key)}" for r in found if key and
                         not (key in r and re.search(wanted, json.dumps(r[key]))))

    def no_record(self, pattern):
        return self._no_results() or "\n".join(
            r["name"] for r in self.results.benchmarks if re.search(pattern, r["name"]))

    def no_field(self, key):
        return self._no_results() or "\n".join(
            f"{r['name']}: {r[key]}" for r in self.results.benchmarks if key in r)


def _number(lines, pattern):
    """What group 1 holds in the last line with the pattern; None: there is none."""
    found = [match for line in lines for match in [re.search(pattern, line)] if match]
    return int(found[-1].group(1)) if found else None


# Which word of a check is an amount().
AMOUNTS = {"resident": 0, "at-most": 0, "growth": 1}

# How many words a check may have, whether the last may have blanks, and the check.
CHECKS = {
    "says": ({1}, True, Evidence.says),
    "never": ({1}, True, Evidence.never),
    "reason": ({1}, True, Evidence.reason),
    "qemu": ({1}, False, Evidence.qemu),
    "resident": ({1}, False, Evidence.resident),
    "at-most": ({2}, True, Evidence.at_most),
    "growth": ({3}, True, Evidence.growth),
    "passes": ({1}, False, Evidence.passes),
    "context": ({2}, True, Evidence.context),
    "no-context": ({1}, False, Evidence.no_context),
    "record": ({1, 3}, True, Evidence.record),
    "no-record": ({1}, False, Evidence.no_record),
    "no-field": ({1}, False, Evidence.no_field),
}


def judge(suite, ending, boot, booted):
    """One test point a check; the status first, and results that are damaged."""
    evidence = Evidence(boot, booted)

    def point(name, detail):
        suite.points.append(ktap.Point(name, "failed" if detail else "passed", detail))

    wrong = [f"it is {boot.status}", boot.reason, *boot.tail()]
    point(f"status {ending.status}", "" if boot.status == ending.status else "\n".join(wrong))
    for key, parts in ending.checks:
        point(" ".join([key, *parts]), CHECKS[key][2](evidence, *parts))
    if evidence.results.damaged:
        point("results", "\n".join(evidence.results.damaged))


def kernel_folder(ending, out):
    """Where the ending's kernel was built."""
    return matrix.build_folder(out, ending.granule, COMPILER)


def compose(ending, out, qemu, folder):
    """The ending's QEMU command line. Raises starts.Trouble."""
    options = [*ending.options, "--"] + [ending.words] * bool(ending.words)
    try:
        command = matrix.dry_run(options, qemu, kernel_folder(ending, out))
    except ValueError as error:
        raise starts.Trouble(str(error)) from error
    command += ending.arguments
    if ending.start != WRAPPED:
        return starts.prepare(command, ending.start, ending.edits, folder, ending.board.at)
    return standin.wrap(command, ending.board, ending.edits, starts.new_folder(folder))


def boot(ending, out, qemu, silence_s, booted=()):
    """Boots one ending, as a Suite. booted: Futures by name, of which it sets its own."""
    start = time.monotonic()
    folder = os.path.join(out, "endings", ending.name)
    suite = Suite(f"ending/{ending.name}", log=os.path.join(folder, "console.log"))
    lines = []
    try:
        command = compose(ending, out, qemu, folder)
        if not os.path.exists(os.path.join(kernel_folder(ending, out), "Image")):
            raise starts.Trouble("its kernel was not built")
        result = console.boot(command, suite.log, ending.silence or silence_s, ending.limit)
        lines = result.lines
        judge(suite, ending, result, booted)
    except (starts.Trouble, OSError) as error:
        suite.fail("start", str(error))
    finally:
        if ending.name in booted:
            booted[ending.name].set_result(lines)
    suite.seconds = time.monotonic() - start
    return suite


def malformed(error):
    """The Suite of a table that cannot be read."""
    suite = Suite(ENDINGS)
    suite.fail("table", str(error))
    return suite


def jobs(out, qemu, silence_s, paths=ALL_ENDINGS):
    """Calls that each boot one ending and return its Suite. To be begun in this order."""
    try:
        endings = read_all(paths)
    except (Malformed, OSError) as error:
        return [lambda error=error: malformed(error)]
    booted = {ending.name: Future() for ending in endings}
    return [lambda ending=ending: boot(ending, out, qemu, silence_s, booted)
            for ending in endings]
