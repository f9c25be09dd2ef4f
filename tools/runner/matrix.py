# SPDX-License-Identifier: MIT
"""The on-target suites over the machines of tests/matrix."""

import os
import re
import shlex
import subprocess
import time

from . import console, ktap, process
from .suite import Suite

MATRIX = "tests/matrix"
OPTIONS = ("machine", "cpu", "mem", "gic", "smp", "icount")  # columns that are options of qemu.sh
BUILD_LIMIT_S = 300
BOOT_LIMIT_S = 300
ERROR_LINES = 15
HANG_S = 40  # of a test in host time, which other programs take from it; below test.py's silence
# Column huge: a section and more of each size, and two devices' worth, as far as there is room
# beside what other tests need in one piece.
HUGE = {"4K": ["hugepages=64K:3,2M:70,32M:5,1G:1", "dax=256M"],
        "16K": ["hugepages=2M:3,32M:5,1G:1", "dax=256M"],
        "64K": ["hugepages=2M:3", "dax=512M"]}
HUGE_4G = {"64K": ["hugepages=2M:3,512M:2", "dax=1G"]}
HOOK = re.compile(r" (?:mm_event|checker_|live_check_|trace_)\w*$")  # in what nm says


def read(path=MATRIX):
    """The rows as dictionaries, by the names of the first line that is no comment."""
    with open(path, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    columns, *rows = lines
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{path}: a row does not have {len(columns)} columns")
    return [dict(zip(columns, row)) for row in rows]


def builds(rows):
    """The kernels that the rows need, as (granule, compiler)."""
    return sorted({(row["granule"], row["compiler"]) for row in rows})


def build_folder(out, granule, compiler):
    return os.path.join(out, f"{granule}-{compiler}")


def build(out, granule, compiler):
    """Builds one kernel, as a Suite of one point."""
    start = time.monotonic()
    folder = build_folder(out, granule, compiler)
    os.makedirs(folder, exist_ok=True)
    suite = Suite(f"build/{granule}-{compiler}", log=os.path.join(folder, "make.log"))
    command = ["make", f"O={folder}", f"GRANULE={granule}"] + ["LLVM=1"] * (compiler == "clang")
    status, output, timed_out = process.run(command, BUILD_LIMIT_S)
    with open(suite.log, "w", encoding="utf-8") as log:
        log.write(output)
    if status or timed_out:
        suite.fail("make", "\n".join(output.splitlines()[-ERROR_LINES:]))
        remove_images(folder)
    else:
        suite.points.append(ktap.Point("make", "passed"))
        judge_hooks(suite, folder)
    suite.seconds = time.monotonic() - start
    return suite


def judge_hooks(suite, folder):
    """Image has nothing of the checker; Image.check, by the same names, has."""
    for name, folder, wanted in (("Image", f"{folder}/obj", False),
                                 ("Image.check", f"{folder}/obj/check", True)):
        with open(os.path.join(folder, "symbols.txt"), encoding="ascii") as file:
            hooks = sorted({line.split()[-1] for line in file if HOOK.search(line)})
        if bool(hooks) == wanted:
            suite.points.append(ktap.Point(f"hooks of {name}", "passed"))
        else:
            suite.fail(f"hooks of {name}", ", ".join(hooks) or "none")


def remove_images(folder):
    """No boot may pass with the kernel of an earlier build."""
    for name in ("Image", "Image.check"):
        image = os.path.join(folder, name)
        if os.path.exists(image):
            os.remove(image)


def qemu_command(row, qemu, folder):
    """The row's QEMU command line, as qemu.sh composes it."""
    options = [f"--{name}={row[name]}" for name in OPTIONS if row[name] != "-"]
    if row["el2"] == "on":
        options.append("--el2")
    words = ["test=*"] + ["check=1"] * (row["image"] == "Image.check")
    words += [f"flush={row['flush']}"] * (row["flush"] != "each")
    words += [f"hang={HANG_S}"] * (row["icount"] == "off")
    words += huge_words(row)
    return dry_run([*options, "--", *words], qemu, folder)


def huge_words(row):
    """The options of column huge."""
    sizes = {**HUGE, **HUGE_4G} if row["mem"] == "4G" else HUGE
    return sizes[row["granule"]] if row["huge"] == "on" else []


def dry_run(options, qemu, folder):
    """What qemu.sh composes of its options. Raises ValueError with what it says of bad ones."""
    command = ["./qemu.sh", "--dry-run", f"--qemu={qemu}", *options]
    done = subprocess.run(command, env={**os.environ, "O": folder}, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return shlex.split(done.stdout)


def row_name(row):
    """The machine in one word, as `virt,cortex-a76,2G,gic3,smp1,4K,gcc,el2,icount`."""
    words = [row["machine"], row["cpu"], row["mem"], "gic" + row["gic"], "smp" + row["smp"],
             row["granule"], row["compiler"]]
    words += [name for name in ("el2", "icount") if row[name] == "on"]
    words += ["check"] * (row["image"] == "Image.check")
    words += [row["flush"]] * (row["flush"] != "each")
    words += ["huge"] * (row["huge"] == "on")
    return ",".join(word for word in words if not word.endswith("-"))


def boot(number, row, out, qemu, silence_s):
    """Boots one row, as a Suite."""
    name = row_name(row)
    log = os.path.join(out, "boots", f"{number:02}-{name}.log")
    suite = Suite(f"boot/{name}", log=log)
    folder = build_folder(out, row["granule"], row["compiler"])
    if not os.path.exists(os.path.join(folder, row["image"])):
        suite.fail("boot", "its kernel was not built")
        return suite
    os.makedirs(os.path.dirname(log), exist_ok=True)
    result = console.boot(qemu_command(row, qemu, folder), log, silence_s, BOOT_LIMIT_S)
    suite.seconds = result.seconds
    judge = judge_refusal if row["expect"] == "refusal" else judge_tests
    judge(suite, result, row)
    return suite


def judge_tests(suite, result, _row):
    """The kernel's test points, which its exit status must agree with."""
    suite.points = ktap.parse(result.lines)
    failed = suite.count("failed") > 0
    if result.status not in (0, 1):
        suite.fail(f"exit status {result.status}", "\n".join([result.reason, *result.tail()]))
    elif (result.status == 1) != failed:
        suite.fail("exit status", f"the kernel says {result.status}, its test points otherwise")


def judge_refusal(suite, result, row):
    """One line that says what the CPU has not got, and no test run."""
    said = [line for line in result.lines if re.search(rf"\bno {row['granule']} granule\b", line)]
    if len(said) == 1 and result.status in (1, 2, 3):
        suite.points.append(ktap.Point("refusal", "passed"))
    else:
        suite.fail("refusal", "\n".join([f"{len(said)} lines say `no {row['granule']} granule`, "
                                         f"exit status {result.status}", *result.tail()]))
