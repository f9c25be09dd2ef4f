#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots one QEMU: console.log, results.json, and the exit status of the contract.

Called by qemu.sh, which composes the command line after `--`.
"""

import argparse
import contextlib
import os
import re
import shlex
import sys

from runner import console, keyboard, menu, process, results, starts, trace

TOTAL_PER_SILENCE = 20
WORD = re.compile(r'(?:[^ \t"]|"[^"]*")+')


def say(text):
    complain(f"tlbed: {text}")


def complain(line):
    with contextlib.suppress(OSError, ValueError):  # standard error may be full or closed, too
        print(line, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder for console.log and results.json")
    parser.add_argument("--qemu-version", required=True)
    parser.add_argument("--silence", type=int, default=30, help="limit in seconds, 0 = none")
    parser.add_argument("--total", type=int, help="limit of the whole run (default: 20 times that)")
    parser.add_argument("--label", help="what to choose at U-Boot's menu")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.total is None:
        options.total = options.silence * TOTAL_PER_SILENCE
    return options


def kernel_words(command):
    """The words of -append, as the kernel splits them: double quotes protect blanks and go."""
    if "-append" not in command:
        return []
    line = command[command.index("-append") + 1]
    return [word.replace('"', "") for word in WORD.findall(line)]


def show_tail(boot):
    lines = boot.tail()
    if lines:
        say(f"the last {len(lines)} lines of the console:")
    for line in lines:
        complain(f"  | {line}")


def save_results(boot, options, path):
    """Writes results.json if there are any; a damaged line makes a good run a failed one."""
    found = results.parse(boot.lines)
    for sentence in found.damaged:
        say(f"damaged results: {sentence}")
    if found.damaged and boot.status == 0:
        boot.status, boot.reason = 1, "the results are damaged"
    if found.present:
        try:
            results.write(found, path, {"qemu_version": options.qemu_version,
                                        "qemu_command": shlex.join(options.command)})
        except OSError as error:
            boot.status, boot.explained = console.NO_VERDICT, True
            boot.reason = f"{path} cannot be written: {error.strerror}"


def run(options):
    words = kernel_words(options.command)
    results_path = os.path.join(options.out, "results.json")
    if "list" not in words and os.path.exists(results_path):
        os.remove(results_path)  # never the figures of another run than the last
    show_results = any(word.startswith("format=") for word in words)
    # The last one counts, as in the kernel.
    shell = [word for word in words if word.startswith("exit=")][-1:] == ["exit=shell"]
    events = trace.Trace(os.path.join(options.out, "trace.txt"))
    typist = menu.Menu(options.label) if options.label else None
    with keyboard.Keyboard() if shell else contextlib.nullcontext(typist) as keys:
        boot = console.boot(
            starts.impatient(options.command, options.out),
            os.path.join(options.out, "console.log"),
            options.silence,
            options.total,
            console.Screen(sys.stdout.buffer, show_results),
            keys,
            events,
        )
    save_results(boot, options, results_path)
    if events.lines:
        say(f"the trace, {events.lines} lines, is in {events.path}")
    if boot.status >= console.NO_VERDICT and not boot.explained:
        show_tail(boot)
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
    except starts.Trouble as trouble:
        status = console.NOT_STARTED
        say(f"could not start: {trouble} (exit status {status})")
    except OSError as error:  # the folder went away, or is not ours
        process.kill_all()
        status = console.NOT_STARTED
        say(f"could not start: {error.filename}: {error.strerror} (exit status {status})")
    os._exit(status)  # what standard output could not take, Python would complain of


if __name__ == "__main__":
    main()
