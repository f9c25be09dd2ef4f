# SPDX-License-Identifier: MIT
"""results.json out of the console: the checked lines between the result markers."""

import collections
import datetime
import json
import os
import zlib
from dataclasses import dataclass, field

from .console import BEGIN_RESULTS, END_RESULTS, EXIT_LINE

CRC_KEY = ',"crc":"'
NO_END = "the end of results is missing"


BANNER = "tlbed git: "  # begins the first line of a boot


@dataclass
class Results:
    """One result block, or all of a console's."""

    context: dict = field(default_factory=dict)
    benchmarks: list = field(default_factory=list)
    damaged: list = field(default_factory=list)  # one sentence each
    present: bool = False
    first: int = 0  # indices of lines: the markers, or what is there without them
    last: int = 0


def read_record(line):
    """The object of one result line without its crc. Raises ValueError saying what is wrong."""
    body, key, tail = line.rpartition(CRC_KEY)
    if not key:
        raise ValueError("no crc")
    if tail[8:] != '"}' or f"{zlib.crc32(body.encode()):08x}" != tail[:8]:
        raise ValueError("crc mismatch")
    record = json.loads(body + "}")
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return record


def parse(lines):
    """Reads the console's result blocks; damaged lines are named and left out."""
    found = Results()
    for block in blocks(lines):
        found.context.update(block.context)
        found.benchmarks += block.benchmarks
        found.damaged += block.damaged
        found.present |= block.present
    return found


def blocks(lines, numbers=None):
    """Each result block as a Results. numbers: what the lines are called, from 1 by default."""
    reader = _Reader(numbers or range(1, len(lines) + 1))
    for index, line in enumerate(lines):
        reader.take(index, line)
    reader.close(len(lines) - 1, NO_END)
    return reader.found


def ends_boot(line):
    """Whether no block goes on past this line: the end of a boot, or the begin of the next."""
    return line.startswith(BANNER) or EXIT_LINE.fullmatch(line.strip()) is not None


class _Reader:
    """Cuts a console into blocks. A lost begin is seen by the records, a lost end by what follows."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.found = []
        self.block = None  # the open one
        self.seen = {}  # its good lines, each with its index
        self.booting = True  # no block yet since the boot began

    def take(self, index, line):
        if line == BEGIN_RESULTS:
            self.close(index - 1, NO_END)
            self.open(index)
        elif line == END_RESULTS:
            self._end(index)
        elif ends_boot(line):
            self.close(index - 1, NO_END)
            self.booting = True
        elif line and self.block:
            self._record(index, line)
        elif CRC_KEY in line:
            self.open(index)
            self._say(index, "a record without the begin of results")
            self._record(index, line)

    def open(self, index):
        self.block = Results(present=True, first=index)
        self.found.append(self.block)
        self.seen = {}
        self.booting = False

    def close(self, index, trouble=""):
        """Ends the open block, if there is one, with the line at index."""
        if not self.block:
            return
        if trouble:
            self._say(index, trouble)
        self.block.last = index
        self._count()
        self.block = None

    def _end(self, index):
        if self.block:
            self.close(index)
            return
        if self.booting:  # else it is the last block's end once more
            self.found.append(Results(first=index, last=index))
            self.booting = False
        self._say(index, "end of results without their begin")

    def _count(self):
        block = self.block
        for name, count in collections.Counter(r["name"] for r in block.benchmarks).items():
            if count > 1:  # of two boots, by a gap between them: which is whose is not known
                block.damaged.append(f"{name}: {count} records that differ, none is taken")
                block.benchmarks = [r for r in block.benchmarks if r["name"] != name]
        count = len(block.benchmarks)
        if not block.context:
            block.damaged.append("the context is missing")
        elif block.context.get("records", count) != count:
            block.damaged.append(f"{count} of {block.context['records']} records are there")

    def _record(self, index, line):
        if line in self.seen:
            self._say(index, f"the same as line {self.numbers[self.seen[line]]}: {line[:60]}")
            return
        try:
            record = read_record(line)
        except ValueError as error:
            self._say(index, f"{error}: {line[:60]}")
            return
        self.seen[line] = index
        if "name" in record:
            self.block.benchmarks.append(record)
        else:
            self.block.context.update(record)

    def _say(self, index, what):
        self.found[-1].damaged.append(f"line {self.numbers[index]}: {what}")


def write(results, path, origin):
    """Writes Google Benchmark's schema, all or nothing. What differs by run goes to the context.

    origin: where the console came from, a dict for the context.
    """
    context = dict(results.context)
    context["date"] = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    context.update(origin)
    context.setdefault("executable", "tlbed")
    if results.damaged:
        context["damaged"] = results.damaged
    text = json.dumps({"context": context, **_apart(results.benchmarks)}, indent=2)
    partial = f"{path}.partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.replace(partial, path)


def _apart(records):
    """Records of `force=silicon` are no figures: they go where nothing that compares looks."""
    forced = [record for record in records if record.get("forced")]
    figures = [record for record in records if not record.get("forced")]
    return {"benchmarks": figures, **({"forced": forced} if forced else {})}
