# SPDX-License-Identifier: MIT
"""Reads KTAP from the kernel and TAP from host programs: flat, the suite is part of the name.

A plan or numbers that do not agree with the results, and a skip without a
reason, are failures of their own: a stream that was cut short never passes.
"""

import re
from dataclasses import dataclass

PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not )?ok (\d+)(?: -)?(?: (.*?))?(?:\s*# SKIP\b\s*(.*))?")
NOTES_KEPT = 20


@dataclass
class Point:
    name: str
    verdict: str  # "passed", "failed" or "skipped"
    detail: str = ""  # why it failed or was skipped


def parse(lines):
    """All test points of the lines, in order."""
    points, notes, plans, count = [], [], [], 0
    for line in lines:
        if plan := PLAN.fullmatch(line):
            plans.append(int(plan.group(1)))
        elif result := RESULT.fullmatch(line):
            count += 1
            points.append(_point(result, count, notes))
            notes = []
        else:
            notes = (notes + [line])[-NOTES_KEPT:]
    if plans != [count]:
        said = " and ".join(f"1..{plan}" for plan in plans) or "no plan"
        points.append(Point("plan", "failed", f"{said}, {count} results"))
    elif count == 0:
        points.append(Point("plan", "failed", "no test points"))
    return points


def _point(result, expected_number, notes):
    bad, number, name, reason = result.groups()
    name = name or f"(number {number})"
    if bad:
        return Point(name, "failed", "\n".join(notes))
    if int(number) != expected_number:
        return Point(name, "failed", f"its number is {number}, not {expected_number}")
    if reason == "":
        return Point(name, "failed", "skipped without a reason")
    return Point(name, "skipped", reason) if reason else Point(name, "passed")
