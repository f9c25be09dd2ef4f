#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/matrix: `tools/pairwise.py > tests/matrix`.

Every pair of values of two factors that can go together boots in at least one
row (greedy, always the same result); every CPU without the 16K granule is shown
to refuse it, once a compiler.
"""

import itertools

FACTORS = {
    "machine": ["virt", "xlnx-versal-virt"],
    "cpu": ["cortex-a76", "cortex-a72", "cortex-a53", "neoverse-n1", "max", "-"],
    "mem": ["64M", "1G", "2G", "4G"],
    "gic": ["3", "2", "-"],
    "el2": ["off", "on", "-"],
    "smp": ["1", "2", "4", "8"],
    "granule": ["4K", "16K", "64K"],
    "compiler": ["gcc", "clang"],
    "icount": ["on", "off"],
    "image": ["Image", "Image.check"],
    "flush": ["each", "range", "full", "lazy"],
    "huge": ["off", "on"],
}
COLUMNS = list(FACTORS)
WITHOUT_16K = {"cortex-a72", "cortex-a53", "-"}  # "-" is xlnx-versal-virt's own Cortex-A72
HUGE = {"64M": ["off"], "1G": ["off"], "2G": ["off", "on"], "4G": ["on"]}
HEADER = """\
# SPDX-License-Identifier: MIT
#
# The boots of ./qemu.sh --test: every pair of values boots at least once.
# Written by tools/pairwise.py. "-": the machine decides. huge: with hugepages= and dax=.
# expect: `tests` runs the on-target suites, `refusal` is a CPU that has not got the granule
# and says so.
"""


def exists(row):
    """Whether such a machine exists. Absent columns are not held against it."""
    own = row.get("machine") == "xlnx-versal-virt"
    for column in ("cpu", "gic", "el2"):
        if "machine" in row and column in row and (row[column] == "-") != own:
            return False
    # Small machines have no room for huge pages, large ones always do.
    if "mem" in row and "huge" in row and row["huge"] not in HUGE[row["mem"]]:
        return False
    if len({row[column] == "-" for column in ("cpu", "gic", "el2") if column in row}) > 1:
        return False
    return not (row.get("smp", "4") != "4" and ("-" in row.values() or own))


def boots(row):
    """Whether such a machine exists and has the granule."""
    own = row.get("machine") == "xlnx-versal-virt" or "-" in row.values()
    lacks_16k = own or row.get("cpu") in WITHOUT_16K
    return exists(row) and not (row.get("granule") == "16K" and lacks_16k)


def pairs(row):
    return set(itertools.combinations(row.items(), 2))


def wanted_pairs():
    """Every pair of values that can boot."""
    found = set()
    for one, other in itertools.combinations(COLUMNS, 2):
        for values in itertools.product(FACTORS[one], FACTORS[other]):
            row = dict(zip((one, other), values))
            if boots(row):
                found |= pairs(row)
    return found


def complete(row, missing):
    """Fills the row's other columns, each with the value that covers most of what is missing."""
    for column in COLUMNS:
        if column in row:
            continue
        choices = [dict(row, **{column: value}) for value in FACTORS[column]]
        choices = [choice for choice in choices if boots(choice)]
        row = max(choices, key=lambda choice: len(pairs(in_order(choice)) & missing))
    return in_order(row)


def in_order(row):
    return {column: row[column] for column in COLUMNS if column in row}


def generate():
    """The rows as (row, expect)."""
    missing = wanted_pairs()
    rows = []
    while missing:
        seed = dict(min(missing, key=lambda pair: [FACTORS[c].index(v) for c, v in pair] + [
            COLUMNS.index(c) for c, _ in pair]))
        row = complete(seed, missing)
        missing -= pairs(row)
        rows.append((row, "tests"))
    for cpu, compiler in itertools.product(sorted(WITHOUT_16K), FACTORS["compiler"]):
        own = cpu == "-"
        row = {"machine": "xlnx-versal-virt" if own else "virt", "cpu": cpu, "mem": "2G",
               "gic": "-" if own else "3", "el2": "-" if own else "off",
               "smp": "4" if own else "1", "granule": "16K", "compiler": compiler, "icount": "on",
               "image": "Image", "flush": "each", "huge": "off"}
        rows.append((row, "refusal"))
    return rows


def main():
    table = [[*COLUMNS, "expect"]] + [[*row.values(), expect] for row, expect in generate()]
    widths = [max(map(len, column)) for column in zip(*table)]
    print(HEADER, end="")
    for cells in table:
        print(" ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())


if __name__ == "__main__":
    main()
