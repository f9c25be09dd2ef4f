#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the checker over a saved trace: `tools/replay.py CONSOLE-LOG`, or `make replay TRACE=FILE`.

Builds the replayer for the trace's granule. Exit status 0: no rule is broken, 1: some
are, 2: the file is no trace (one line says why).
"""

import os
import re
import subprocess
import sys

SOURCES = ["tests/host/replay.c", "tests/host/replay-core.c"] + [
    f"mm/check/{name}.c" for name in ("check", "frames", "groups", "rules", "stale", "tables",
                                      "trace")]
# Not as a HOST build: the trace's addresses are the target's.
FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fno-strict-aliasing", "-I."]
HEADER = re.compile(rb"^@ trace \d+ granule (12|14|16) ", re.M)


def build(out, granule):
    """The replayer's path, built unless it is newer than all that it is made of."""
    binary = os.path.join(out, f"replay-g{granule}")
    headers = [os.path.join(folder, name) for folder in ("mm/check", "mm/arm64", "tests/host", "lib")
               for name in os.listdir(folder) if name.endswith(".h")]
    newest = max(map(os.path.getmtime, SOURCES + headers))
    if not os.path.exists(binary) or os.path.getmtime(binary) < newest:
        os.makedirs(out, exist_ok=True)
        subprocess.run([os.environ.get("HOSTCC", "clang"), *FLAGS, f"-DGRANULE_SHIFT={granule}",
                        *SOURCES, "-o", binary], check=True)
    return binary


def main():
    if len(sys.argv) != 2:
        print("usage: tools/replay.py FILE", file=sys.stderr)
        return 2
    path = os.path.abspath(sys.argv[1])
    try:
        with open(path, "rb") as file:
            header = HEADER.search(file.read())
    except OSError as error:
        print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr)
        return 2
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    # Without a header any replayer says what is wrong.
    granule = header.group(1).decode() if header else "12"
    try:
        binary = build(os.path.join(os.environ.get("O", "build"), "host"), granule)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the replayer does not build: {error}", file=sys.stderr)
        return 2
    return subprocess.run([binary, path]).returncode


if __name__ == "__main__":
    sys.exit(main())
