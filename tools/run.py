#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots one QEMU: console.log, results.json, and the exit status of the contract.

Called by qemu.sh, which composes the command line after `--`.
"""

import argparse
import contextlib
import os
import shlex
import sys

from runner import console, keyboard, process, results

TOTAL_PER_SILENCE = 20


def say(text):
    print(f"tlbed: {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for console.log and results.json")
    parser.add_argument("--qemu-version", required=True)
    parser.add_argument("--silence", type=int, default=30, help="limit in seconds, 0 = none")
    parser.add_argument("--total", type=int, help="limit of the whole run (default: 20 times that)")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.total is None:
        options.total = options.silence * TOTAL_PER_SILENCE
    return options


def kernel_words(command):
    """The words of -append."""
    if "-append" not in command:
        return []
    return command[command.index("-append") + 1].split()


def show_tail(boot):
    lines = boot.tail()
    if lines:
        say(f"the last {len(lines)} lines of the console:")
    for line in lines:
        print(f"  | {line}", file=sys.stderr)


def save_results(boot, options, path):
    """Writes results.json if there are any; a damaged line makes a good run a failed one."""
    found = results.parse(boot.lines)
    for sentence in found.damaged:
        say(f"damaged results: {sentence}")
    if found.damaged and boot.status == 0:
        boot.status, boot.reason = 1, f"{len(found.damaged)} damaged lines of results"
    if found.present:
        results.write(found, path, options.qemu_version, shlex.join(options.command))


def run(options):
    words = kernel_words(options.command)
    results_path = os.path.join(options.out, "results.json")
    if "list" not in words and os.path.exists(results_path):
        os.remove(results_path)  # never the figures of another run than the last
    show_results = any(word.startswith("format=") for word in words)
    shell = "exit=shell" in words
    with keyboard.Keyboard() if shell else contextlib.nullcontext() as keys:
        boot = console.boot(
            options.command,
            os.path.join(options.out, "console.log"),
            options.silence,
            options.total,
            console.Screen(sys.stdout.buffer, show_results),
            keys,
        )
    save_results(boot, options, results_path)
    if boot.status >= console.NO_VERDICT:
        show_tail(boot)
    if shell and boot.open_line.startswith(keyboard.PROMPT):
        say("standard input ended and the shell waits: its last line should be `off`")
    if boot.reason:
        prefix = "could not start: " if boot.status == console.NOT_STARTED else ""
        say(f"{prefix}{boot.reason} (exit status {boot.status})")
    return boot.status


def main():
    process.install_signal_handlers()
    try:
        status = run(arguments())
    except process.Interrupted as interrupt:
        process.kill_all()
        say("interrupted, QEMU ended")
        status = interrupt.exit_status
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    os._exit(status)  # standard output may be a closed pipe, of which Python would complain


if __name__ == "__main__":
    main()
