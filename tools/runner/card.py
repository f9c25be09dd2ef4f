# SPDX-License-Identifier: MIT
"""The SD card in --test: `make sdcard` writes it, Debian's U-Boot boots that very file.

A board finds on it what `virt` finds here: the same partition, menu and kernel. U-Boot of the
board itself is played by other bytes, which are compared where its boot ROM would look.
"""

import hashlib
import os
import re
import time

from . import console, ktap, matrix, menu, process, rawlog, starts
from .suite import Suite

GRANULE, COMPILER = "4K", "gcc"  # of the matrix
MENU = "tools/sdcard/extlinux.conf"
NAME = "sdcard.img"
MAKE_LIMIT_S = 120
BOOT_LIMIT_S = 120
# From sector 64 to 16 MiB, where the boot partition begins.
UBOOT_AT, UBOOT_BYTES = 64 * 512, (16 << 20) - (32 << 10)
# What is booted: a name, options of qemu.sh, the label typed at U-Boot's menu ("": nothing
# is typed, and after its timeout U-Boot takes the default). Few CPUs: these tests are about
# the way in. The timeout is U-Boot's busy loop: without icount it takes its 5 s, not minutes.
BOOTS = (("tests-el1", ["--smp=2"], "tests"),
         ("tests-el2", ["--smp=2", "--el2"], "tests"),
         ("tests-check-el2", ["--smp=2", "--el2"], "tests-check"),
         ("silicon-check-el2", ["--smp=8", "--el2"], "silicon-check"),
         ("default-el1", ["--smp=8", "--icount=off"], ""))


def labels(path=MENU):
    """The words of each label, by its name; the default one's under "", too."""
    words, name, default = {}, "", ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, _, value = line.strip().partition(" ")
            if key == "label":
                name = value
            elif key == "append":
                words[name] = value
            elif key == "default":
                default = value
    return {**words, "": words[default]}


# --- writing it -------------------------------------------------------------------------------


def makes(out):
    return [lambda: make(out)]


def make(out):
    """Writes the card, as a Suite: with a U-Boot of the largest size, and once more the same."""
    start = time.monotonic()
    folder = matrix.build_folder(out, GRANULE, COMPILER)
    suite = Suite("sdcard/make", log=os.path.join(folder, "sdcard.log"))
    card, uboot = os.path.join(folder, NAME), os.path.join(folder, "u-boot-dummy.bin")
    data = _noise(UBOOT_BYTES)
    with open(uboot, "wb") as file:
        file.write(data)
    first = _call_make(suite, folder, card, uboot)
    second = _call_make(suite, folder, card, uboot)
    if first and second:
        judge_bytes(suite, first, second, data)
    suite.seconds = time.monotonic() - start
    return suite


def _noise(size):
    """Bytes without a pattern, the same each time, as the boot ROM would take them."""
    blocks = (hashlib.sha256(b"%d" % i).digest() for i in range(size // 32))
    return b"RKNS" + b"".join(blocks)[4:]


def _call_make(suite, folder, card, uboot):
    """The bytes of the card that make wrote; None if it wrote none."""
    command = ["make", "sdcard", f"O={folder}", f"GRANULE={GRANULE}", f"SDCARD={card}",
               f"UBOOT={uboot}", "DTBS="]
    status, output, timed_out = process.run(command, MAKE_LIMIT_S)
    with open(suite.log, "w", encoding="utf-8") as log:
        log.write(output)
    if status or timed_out:
        if os.path.exists(card):
            os.remove(card)  # no boot may pass with the card of an earlier run
        suite.fail("make sdcard", "\n".join(output.splitlines()[-matrix.ERROR_LINES :]))
        return None
    with open(card, "rb") as file:
        return file.read()


def judge_bytes(suite, first, second, uboot):
    """What can be said of the card without booting it."""
    points = (("U-Boot at sector 64", first[UBOOT_AT:][: len(uboot)] == uboot,
               "the bytes there are not those of UBOOT"),
              ("the same twice", first == second, "two cards of the same files differ"))
    for name, good, detail in points:
        if good:
            suite.points.append(ktap.Point(name, "passed"))
        else:
            suite.fail(name, detail)


# --- booting it -------------------------------------------------------------------------------


def boots(out, qemu, silence_s):
    """Calls that each boot the card and return a Suite."""
    return [lambda row=row: boot(*row, out, qemu, silence_s) for row in BOOTS]


def boot(name, options, label, out, qemu, silence_s):
    """Boots the card, as a Suite."""
    folder = os.path.join(out, "cards", name)
    os.makedirs(folder, exist_ok=True)
    suite = Suite(f"sdcard/{name}", log=os.path.join(folder, "console.log"))
    card = os.path.join(matrix.build_folder(out, GRANULE, COMPILER), NAME)
    try:
        command = matrix.dry_run([f"--sdcard={card}", *options], qemu, out)
        command = starts.impatient(command, folder)
    except (ValueError, starts.Trouble) as error:
        suite.fail("boot", str(error))
        return suite
    keys = menu.Menu(label) if label else None
    result = console.boot(command, suite.log, silence_s, BOOT_LIMIT_S, keys=keys)
    suite.seconds = result.seconds
    judge(suite, result, labels()[label], 2 if "--el2" in options else 1)
    if label == "silicon-check":
        judge_check(suite, result.lines, 8)
    return suite


def judge(suite, result, words, level):
    """The way in was U-Boot's, the words the label's, and what the kernel ran is good."""
    if "test=" in words:
        matrix.judge_tests(suite, result, None)
    elif result.status:
        suite.fail(f"exit status {result.status}", "\n".join([result.reason, *result.tail()]))
    for pattern in (r"U-Boot 20\d\d\.", r"Retrieving file: /Image", "Starting kernel",
                    rf"  entry +EL{level}, ", f"command line: {re.escape(words)}$"):
        if any(re.match(pattern, line) for line in result.lines):
            suite.points.append(ktap.Point(f"says {pattern}", "passed"))
        else:
            suite.fail(f"says {pattern}", "\n".join(result.tail()))


def judge_check(suite, lines, cpus):
    """The block for pasting: once, whole to its CRC, with a line for each CPU."""
    checks = rawlog.Log("".join(f"{line}\n" for line in lines).encode()).checks
    said = [line for check in checks for line in check.lines]
    missing = [f"no cpu{cpu}.midr" for cpu in range(cpus)
               if not any(line.startswith(f"cpu{cpu}.midr: 0x") for line in said)]
    wrong = [text for check in checks for text in check.damaged] + missing
    if len(checks) == 1 and not wrong:
        suite.points.append(ktap.Point("silicon check", "passed"))
    else:
        suite.fail("silicon check", "\n".join([f"{len(checks)} blocks", *wrong]))
