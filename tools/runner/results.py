# SPDX-License-Identifier: MIT
"""results.json out of the console: the checked lines between the result markers."""

import datetime
import json
import os
import zlib
from dataclasses import dataclass, field

from .console import BEGIN_RESULTS, END_RESULTS

CRC_KEY = ',"crc":"'


@dataclass
class Results:
    context: dict = field(default_factory=dict)
    benchmarks: list = field(default_factory=list)
    damaged: list = field(default_factory=list)  # one sentence each
    present: bool = False


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
    """Reads the console's result block; damaged lines are named and left out."""
    results = Results()
    inside = False
    for number, line in enumerate(lines, 1):
        if line == BEGIN_RESULTS:
            inside = results.present = True
        elif line == END_RESULTS:
            if not inside:
                results.damaged.append(f"line {number}: end of results without their begin")
            inside = False
        elif inside and line:
            _take(results, number, line)
    if results.present and not results.context:
        results.damaged.append("the context is missing")
    return results


def _take(results, number, line):
    try:
        record = read_record(line)
    except ValueError as error:
        results.damaged.append(f"line {number}: {error}: {line[:60]}")
        return
    if "name" in record:
        results.benchmarks.append(record)
    else:
        results.context.update(record)


def write(results, path, qemu_version, command):
    """Writes Google Benchmark's schema, all or nothing. What differs by run goes to the context."""
    context = dict(results.context)
    context["date"] = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    context["qemu_version"] = qemu_version
    context["qemu_command"] = command
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
