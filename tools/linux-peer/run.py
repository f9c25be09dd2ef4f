#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures a Linux in the same emulator: the Linux columns of tlbed's tables (README.md).

Builds the module against the kernel's build tree, boots kernel and module, prints a row a bench.
KERNEL and KDIR in the environment do as well as the options.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from runner import console, process  # noqa: E402  (the folder above has it)

ROW = re.compile(r"(?:\[[ \d.]+\] )?peer: (\S+) (.*)")
DONE = r"(?:\[[ \d.]+\] )?peer: done"
FIELD = re.compile(r"(\w+)=(-?\d+)")
FLUSH = "+flush"
CYCLES_OFF = 16  # the cycle counter is read around the other: it may see so many more
COMMAND_LINE = ("console=ttyAMA0 panic=-1 nokaslr mitigations=off init_on_alloc=0 numa=off audit=0 "
                "hugepages=16")


class Failed(Exception):
    """One line."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", default=os.environ.get("KERNEL"),
                        help="an arm64 Image, or Debian's vmlinuz")
    parser.add_argument("--kdir", default=os.environ.get("KDIR"),
                        help="its build tree: O= of a kernel build, or linux-headers-*-arm64")
    parser.add_argument("--out", default="build/linux-peer", help="where to build")
    parser.add_argument("--compare", metavar="RESULTS", help="tlbed's results.json")
    parser.add_argument("--rung", default="tlbed", help="of which rung (default tlbed)")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--cpu", default="cortex-a76")
    parser.add_argument("--smp", default="1")
    parser.add_argument("--append", default="", help="more words for Linux's command line")
    parser.add_argument("--silence", type=int, default=300, help="limit in seconds")
    options = parser.parse_args()
    for name in ("kernel", "kdir"):
        path = getattr(options, name)
        if not path or not os.path.exists(path):
            parser.error(f"--{name}: {path or 'not given'}: there is no such thing")
    options.cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    return options


# --- building ---------------------------------------------------------------------------------


def run(what, command, **keywords):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **keywords)
    if done.returncode:
        lines = done.stdout.splitlines()
        said = [line for line in lines if re.search(r"error[: ]|undefined|No such", line, re.I)]
        raise Failed("\n  ".join([f"{what} failed:", *(said or lines)[:5]]))


def debian_sources(kdir):
    """linux-headers-X-arm64 holds a configuration; its sources lie in linux-headers-X-common."""
    with open(os.path.join(kdir, "Makefile"), encoding="utf-8") as file:
        found = re.search(r"^include (/\S*/(linux-headers-\S+-common)/Makefile)$", file.read(), re.M)
    if not found:
        return None
    # Unpacked elsewhere than in /usr/src, they lie beside each other all the same.
    beside = os.path.join(os.path.dirname(kdir), found.group(2), "Makefile")
    return next(filter(os.path.exists, (beside, found.group(1))), None)


def build_module(options, out):
    folder, kdir = os.path.join(out, "module"), os.path.abspath(options.kdir)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "module"), folder)
    command = ["make", "-C", kdir, f"M={folder}", "ARCH=arm64", f"CROSS_COMPILE={options.cross}",
               f"CC={options.cross}gcc",
               "CONFIG_DEBUG_INFO_BTF_MODULES=", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT="]
    common = debian_sources(kdir)
    environment = dict(os.environ)
    if common:
        # Its Makefile names /usr/src and its own compiler; its tools are this machine's.
        command += ["-f", common, f"KBUILD_OUTPUT={kdir}", "DEBIAN_KERNEL_NO_CC_VERSION_CHECK=y"]
        environment["DEB_BUILD_ARCH"] = "amd64" if os.uname().machine == "x86_64" else "arm64"
    run("building the module", [*command, "modules"], env=environment)
    run("stripping", [f"{options.cross}strip", "-g", os.path.join(folder, "peer.ko")])
    return os.path.join(folder, "peer.ko")


def build_init(options, out):
    path = os.path.join(out, "init")
    run("building init", [f"{options.cross}gcc", "-O2", "-static", "-nostdlib", "-ffreestanding",
                          "-fno-stack-protector", "-Wall", "-o", path, os.path.join(HERE, "init.c")])
    return path


def cpio_entry(number, name, mode, data=b"", device=(0, 0)):
    """One file of a `newc` archive (Linux's Documentation/driver-api/early-userspace)."""
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def write_initramfs(path, init, module):
    entries = [("dev", 0o40755), ("dev/console", 0o20600, b"", (5, 1))]
    for name, source in (("init", init), ("peer.ko", module)):
        with open(source, "rb") as file:
            entries.append((name, 0o100755, file.read()))
    entries.append(("TRAILER!!!", 0))
    with open(path, "wb") as file:
        for number, entry in enumerate(entries, 1):
            file.write(cpio_entry(number, *entry))


# --- measuring --------------------------------------------------------------------------------


def boot(options, out, initramfs):
    command = [options.qemu, "-M", "virt,gic-version=3,dtb-randomness=off", "-cpu", options.cpu, "-m", "2G", "-smp",
               options.smp, "-icount", "shift=0,sleep=off", "-display", "none", "-serial", "stdio",
               "-monitor", "none", "-no-reboot", "-nodefaults", "-nic", "none", "-kernel", options.kernel, "-initrd", initramfs,
               "-append", f"{COMMAND_LINE} {options.append}".strip()]
    log = os.path.join(out, "console.log")
    result = console.boot(command, log, options.silence, 10 * options.silence)
    if result.status:
        raise Failed(f"{result.reason or 'the module did not load'}; see {log}")
    return result.lines


def read_rows(lines):
    """({name: fields}, {name: why it is missing}). Raises Failed if the counters disagree."""
    rows, missing = {}, {}
    if not any(re.fullmatch(DONE, line) for line in lines):
        raise Failed("the module did not come to its end, or its lines were lost")
    for line in lines:
        match = ROW.fullmatch(line)
        if not match:
            continue
        name, rest = match.groups()
        fields = {key: int(value) for key, value in FIELD.findall(rest)}
        if rest.startswith("missing: "):
            missing[name] = rest.removeprefix("missing: ")
        elif "instructions" in fields:
            if abs(fields["cycles"] - fields["instructions"]) > CYCLES_OFF:
                raise Failed(f"{name}: {fields['cycles']} cycles for {fields['instructions']} "
                             "instructions: the two counters must be the same here")
            rows[name] = fields
    if not rows:
        raise Failed("the module printed no row")
    return rows, missing


def read_results(path, rung):
    """{bench: instructions} of that rung."""
    with open(path, encoding="utf-8") as file:
        records = json.load(file)["benchmarks"]
    end = f"/{rung}"
    return {record["name"].removesuffix(end): record["instructions"] for record in records
            if record["name"].endswith(end) and "instructions" in record}


def table(rows, missing, ours, rung):
    """Lines of text. What Linux puts off is added: tlbed flushes in the call."""
    head = f"{'bench':30} {'Linux':>12} {'its flush':>10} {'sum':>12}"
    lines = [head + (f" {rung:>12} {'Linux/':>9}" if ours else "")]
    for name in (name for name in rows if not name.endswith(FLUSH)):
        count, flush = rows[name]["instructions"], rows.get(name + FLUSH, {}).get("instructions")
        total = count + (flush or 0)
        line = f"{name:30} {count:>12,} {'' if flush is None else f'{flush:,}':>10} {total:>12,}"
        if name in ours:
            line += f" {ours[name]:>12,} {total / max(ours[name], 1):>8.2f}x"
        lines.append(line)
    lines += [f"{name:30} missing: {why}" for name, why in missing.items()]
    lines += [f"{name:30} not measured here" for name in ours if name not in {**rows, **missing}]
    return lines


def measure(options):
    out = os.path.abspath(options.out)
    os.makedirs(out, exist_ok=True)
    ours = read_results(options.compare, options.rung) if options.compare else {}
    initramfs = os.path.join(out, "initramfs.cpio")
    write_initramfs(initramfs, build_init(options, out), build_module(options, out))
    rows, missing = read_rows(boot(options, out, initramfs))
    with open(os.path.join(out, "linux.json"), "w", encoding="utf-8") as file:
        json.dump({"rows": rows, "missing": missing}, file, indent=2)
        file.write("\n")
    print("\n".join(table(rows, missing, ours, options.rung)))


def main():
    process.install_signal_handlers()
    try:
        measure(arguments())
    except process.Interrupted as interrupt:
        process.kill_all()
        return interrupt.exit_status
    except (Failed, OSError, ValueError, KeyError) as error:
        print(f"linux-peer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
