#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the instructions of a bench go: `./qemu.sh --profile GLOB` (docs/profile.md).

Called by qemu.sh, which composes QEMU's command line after `--`; its kernel command line begins
with `bench=GLOB`. Asks the kernel for the names, boots once for each record with the counting
plugin, prints a table a record, leaves profile.txt and profile.json.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from runner import console, elf, process, profile, results

NAME = re.compile(r"\S+/(?:pages|linux|series|tlbed)")
BLAMES_PLUGINS = re.compile(r"plugin", re.I)
TOTAL_PER_SILENCE = 20
ADDR2LINE = ("addr2line", "aarch64-linux-gnu-addr2line", "aarch64-none-elf-addr2line",
             "llvm-addr2line")


class Failed(Exception):
    """One line, and the exit status."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True, help="the build folder")
    parser.add_argument("--qemu-version", required=True)
    parser.add_argument("--silence", type=int, default=30, help="limit in seconds, 0 = none")
    parser.add_argument("--lines", action="store_true", help="also by source line")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def say(text):
    print(f"tlbed: {text}", file=sys.stderr, flush=True)


class Profiler:
    """One run of this program; its files are in the folder profile/ of the build."""

    def __init__(self, options):
        self.options = options
        self.folder = os.path.join(options.out, "profile")
        self.elf = elf.read(os.path.join(options.out, "tlbed.elf"))
        at = options.command.index("-append") + 1
        self.before, self.words = options.command[:at], options.command[at]
        profile.write_plan(self.elf, self.path("plan"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def boot(self, command):
        """Boots; raises Failed unless the kernel's status is 0."""
        silence = self.options.silence
        boot = console.boot(command, self.path("console.log"), silence, silence * TOTAL_PER_SILENCE)
        if boot.status == console.NOT_STARTED and BLAMES_PLUGINS.search(boot.reason):
            raise Failed(console.NOT_STARTED, f"could not start: QEMU {self.options.qemu_version} "
                         f"does not take the plugin that counts: {boot.reason}")
        if boot.status in (console.NOT_STARTED, console.NO_VERDICT):
            start = "could not start: " if boot.status == console.NOT_STARTED else ""
            raise Failed(boot.status, start + boot.reason)
        if boot.status:
            failed = [line for line in boot.lines if line.startswith("FAILED")]
            raise Failed(boot.status, boot.reason or
                         f"the kernel says: {(failed or boot.tail(2))[0]}")
        return boot

    def names(self):
        boot = self.boot([*self.before, f"list {self.words}"])
        return [line for line in boot.lines if NAME.fullmatch(line)]

    def measure(self, name):
        """The profile of one record, from a boot of its own; None: the kernel skips it here."""
        counts, plugin = self.path("counts"), self.path("plugin.so")
        keys = "".join(f",{key}={path.replace(',', ',,')}"
                       for key, path in (("plan", self.path("plan")), ("out", counts)))
        words = " ".join([f"bench={name}", *self.words.split(" ")[1:]])
        boot = self.boot([*self.before, words, "-plugin",
                          os.path.abspath(plugin).replace(",", ",,") + keys])
        found = results.parse(boot.lines)
        for reason in found.context.get("skipped", []):
            say(f"skipped {reason}")
            return None
        if found.damaged or len(found.benchmarks) != 1:
            raise Failed(1, f"{name}: {len(found.benchmarks)} records, one was expected"
                         + "".join(f"; {text}" for text in found.damaged[:1]))
        record = found.benchmarks[0]
        if record["name"].partition("@")[0] != name:
            raise Failed(1, f"{name}: the kernel measured {record['name']}")
        if "instructions" not in record:
            why = found.context.get("absent", {}).get("instructions", "unknown")
            raise Failed(1, f"{name}: no instructions in its record: {why}")
        passes = profile.read_passes(counts)
        overhead = found.context["cpus"][0]["overhead_instructions"]
        result = profile.account(self.elf, passes, record, overhead)
        if self.options.lines:
            shown = profile.choose(self.elf, passes, record, overhead)[0]
            result["source"] = self.by_line(shown)
        return result

    def by_line(self, shown):
        """Instructions by source line."""
        addresses = sorted(shown.insns)
        program = [next(filter(shutil.which, ADDR2LINE), ADDR2LINE[0]), "-f", "-i", "-a", "-e",
                   os.path.join(self.options.out, "tlbed.elf")]
        try:
            done = subprocess.run(program, input="".join(f"{a:x}\n" for a in addresses), text=True,
                                  stdout=subprocess.PIPE, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failed(console.NOT_STARTED, f"could not start: {program[0]}: {error}") from error
        return profile.sum_lines(self.elf, shown, done.stdout, os.getcwd())


def run(options):
    profiler = Profiler(options)
    names = profiler.names()
    if not names:
        raise Failed(2, f"no match for '{profiler.words.split(' ')[0].partition('=')[2]}'")
    profiles, lines, screen = [], [], console.Screen(sys.stdout.buffer, True)
    for name in names:
        measured = profiler.measure(name)
        if not measured:
            continue
        profiles.append(measured)
        text = profile.table(profiles[-1]) + profile.source_table(profiles[-1])
        lines += text
        screen.write("\n".join([*text, ""]).encode())
    if not profiles:
        raise Failed(1, "nothing measured")
    text = profile.summary(profiles)
    lines += text
    screen.write("\n".join([*text, ""]).encode() if text else b"")
    with open(os.path.join(options.out, "profile.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
    context = {"qemu_version": options.qemu_version, "line_bytes": profile.ZVA_BYTES,
               "qemu_command": shlex.join(options.command)}
    with open(os.path.join(options.out, "profile.json"), "w", encoding="utf-8") as file:
        json.dump({"context": context, "profiles": profiles}, file, indent=2)
        file.write("\n")
    if screen.error:
        raise Failed(console.NO_VERDICT, screen.error)
    return 0


def main():
    process.install_signal_handlers()
    try:
        status = run(arguments())
    except process.Interrupted as interrupt:
        process.kill_all()
        say("interrupted, QEMU ended")
        status = interrupt.exit_status
    except Failed as failure:
        status = failure.status
        say(f"{failure} (exit status {status})")
    except (elf.BadElf, profile.Mismatch) as failure:
        status = 1
        say(f"{failure} (exit status {status})")
    except OSError as error:
        process.kill_all()
        status = console.NOT_STARTED
        say(f"could not start: {error.filename}: {error.strerror} (exit status {status})")
    os._exit(status)  # what standard output could not take, Python would complain of


if __name__ == "__main__":
    main()
