#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds and runs some of tests/host by name, `make host-test T='test_map test_hostile-g12'`.

A name without its granule means all granules. Prints what the programs print; exit status 0
iff all passed, 2 if there is no such program.
"""

import argparse
import os
import sys

from runner import host, process


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="+", metavar="NAME")
    options = parser.parse_args()
    process.install_signal_handlers()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    programs = host.find("tests/host", os.path.join(os.environ.get("O", "build"), "host"), "test_")
    failed = 0
    try:
        for name in options.names:
            chosen = [program for program in programs
                      if name in (program.name, program.name.rpartition("-g")[0])]
            if not chosen:
                print(f"there is no host test '{name}'", file=sys.stderr)
                return 2
            for program in chosen:
                complaint = host.build(program)
                if complaint:
                    print(complaint, file=sys.stderr)
                    return 2
                print(f"# {program.name}", flush=True)
                child = process.spawn([program.binary])
                failed += child.wait() != 0
                process.reap(child)
    except process.Interrupted as interrupt:
        process.kill_all()
        return interrupt.exit_status
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
