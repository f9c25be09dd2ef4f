#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of the house that a program can keep: `make lint`.

One line a finding, `file:line: what`, then one of summary; exit status 1 if
there are findings. What a tool that is not installed would have judged is left
out, and said to be.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile

# A room may include itself and what has a lower number; equal numbers are strangers.
FLOORS = {"lib": 0, "drivers": 1, "mm/arm64": 1, "mm/phys": 2, "mm/check": 2, "mm/map": 3, "mm/pages": 4,
          "mm/areas": 5, "bench": 6, "tests": 6, "boot": 7}
HOST = "tests/host/"  # runs every room's sources, models what is behind the door
# No room's: QEMU's plugin, and the guest that tests it; what wraps an image; a module of Linux's.
OUTSIDE = ("tools/profile/", "tools/runner/", "tools/linux-peer/", "tests/runner/")

FILE_LINES = 500
FUNCTION_LINES = 100
FOLDER_FILES = 20
FOLDERS_EXEMPT = {"tests/host"}  # one program a file

CODE = (".c", ".h", ".S", ".inc")
LICENSE_LINE = re.compile(r"SPDX-License-Identifier:.*\bMIT\b")
NO_LICENSE_LINE = {"LICENSE", ".gitignore", ".clang-format"}
# A module of Linux's is under Linux's licence: this folder alone, each of its files.
LINUX = "tools/linux-peer/module/"
LINUX_LICENSE_LINE = re.compile(r"SPDX-License-Identifier: GPL-2\.0-only(?: \*/)?$")
DATA = ("tests/boards/",)  # extracts of real trees: as long as they are

# Barriers that order translation, and the barriers of lib/arm64/barrier.h.
TRANSLATION = re.compile(r"\b(tlbi|d[sm]b\s+(?:ish|nsh|osh)\w*)\b", re.I)
BARRIER = re.compile(r"\b(isb|d[sm]b)\b", re.I)
ASM_STATEMENT = re.compile(r"\basm\b.*?\)\s*;", re.S)
# Of C and of the shell, by the layout that the formatter keeps: braces in column one.
FUNCTION = re.compile(r"^(?:[^\s#/}][^;{}=]*\)\s*\n\{|\w+\(\) *\{)\n.*?^\}", re.M | re.S)
GRANULE_TEST = re.compile(r"\b(GRANULE(?:_SHIFT)?\b|PAGE_SHIFT\s*[!=]=\s*1[246])")
# The one header, and what the assembler reads in its place (prims-c.c, boot/main.c compare).
GRANULE_HOMES = {"mm/arm64/geometry.h", "mm/arm64/prims-asm.h", "boot/asm.inc"}
BULK_STORE = re.compile(r"\b(mem(?:set|cpy|move))\s*\(")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|root|work|Users|mnt|nix)/\w|\.\./shared\b")
REGISTRY = re.compile(r"https?://[^/\s]*(?:registry|artifactory|nexus|mirror|pypi|npmjs|crates\.io"
                      r"|proxy\.golang|deb\.debian|archive\.ubuntu)", re.I)

FORMATTER_VERSION = "14"
COMPLAINT = re.compile(r"([^\s:<]+):(\d+):(?:\d+:)? (?:fatal )?(?:error|warning): (.*)")
COMPLAINTS_SHOWN = 5


class Report:
    """The findings, and what was left out."""

    def __init__(self):
        self.findings = 0
        self.left_out = 0

    def find(self, path, line, what):
        self.findings += 1
        print(f"{path}:{line}: {what}", flush=True)

    def leave_out(self, what, why):
        self.left_out += 1
        print(f"left out: {what}: {why}", flush=True)


def tree_files():
    """What git would commit; without git, all but the build folder."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"]
    try:
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk("."):
            folders[:] = set(folders) - {".git", "build", "__pycache__"}
            names += [os.path.relpath(os.path.join(folder, file)) for file in files]
    return sorted(name for name in set(names) if os.path.isfile(name))


def room_of(path):
    """The room that a file stands in, None if it is no kernel source."""
    folder = os.path.dirname(path)
    while folder and folder not in FLOORS:
        folder = os.path.dirname(folder)
    return folder or None


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def bare(text):
    """@text with its comments blanked; lines and strings stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        word = match.group()
        return re.sub(r"[^\n]", " ", word) if word[0] == "/" else word

    return token.sub(blank, text)


# --- rooms ------------------------------------------------------------------------------------


def check_includes(report, path, text):
    """Floors, private headers, and paths from the top of the tree."""
    room, folder = room_of(path), os.path.dirname(path)
    if path.startswith(HOST):
        return
    if not room:
        report.find(path, 1, f"{folder or 'the top'}/ has no floor in tools/lint.py")
        return
    for match in re.finditer(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
        other, line = match.group(1), line_of(text, match.start(1))
        there = room_of(other)
        if not there:
            report.find(path, line, f"{other}: no path of a room from the top of the tree")
        elif there != room and FLOORS[there] >= FLOORS[room]:
            report.find(path, line, f"{room}/ is not above {there}/: it may not include {other}")
        if other.endswith("-internal.h") and not f"{folder}/".startswith(f"{os.path.dirname(other)}/"):
            report.find(path, line, f"{other} is its own folder's and of those below it")


def asm_in(path, text):
    """(offset, text) of what the assembler gets."""
    if path.endswith((".S", ".inc")):
        return [(0, re.sub(r"^\s*#.*$|\.asci[iz].*$", "", text, flags=re.M))]
    return [(match.start(), match.group()) for match in ASM_STATEMENT.finditer(text)]


def check_door(report, path, text):
    """Only mm/arm64/ and boot's assembly order translation; only mm/arm64/ stores descriptors."""
    room = room_of(path)
    if room == "mm/arm64":
        return
    for offset, asm in asm_in(path, text):
        allowed = room == "boot" and path.endswith((".S", ".inc"))
        for match in [] if allowed else TRANSLATION.finditer(asm):
            report.find(path, line_of(text, offset + match.start()),
                        f"{match.group()}: only the one door (mm/arm64/) orders translation")
        allowed |= path.startswith("lib/arm64/")
        for match in [] if allowed else BARRIER.finditer(TRANSLATION.sub("", asm)):
            report.find(path, line_of(text, offset),
                        f"{match.group()}: barriers have names in lib/arm64/barrier.h")
    if path.startswith(HOST):
        return
    for match in re.finditer(r"\b(hw_(?:store|load|dmb|dsb|isb|tlbi)\w*|mm/arm64/hw\.h)", text):
        report.find(path, line_of(text, match.start()),
                    f"{match.group()} is behind the one door: mm/arm64/door.h is in front of it")


def check_words(report, path, text):
    """Tables are never written in unknown pieces; the granule is tested in one place."""
    if room_of(path) in ("mm/map", "mm/arm64"):
        for match in BULK_STORE.finditer(text):
            report.find(path, line_of(text, match.start()),
                        f"{match.group(1)}: descriptors are written 64 bits at a time (prims.h)")
    for match in [] if path in GRANULE_HOMES else GRANULE_TEST.finditer(text):
        report.find(path, line_of(text, match.start()),
                    f"{match.group(1)}: the granule is known to mm/arm64/geometry.h alone")


# --- files ------------------------------------------------------------------------------------


def check_text(report, path, lines):
    name = os.path.basename(path)
    if name not in NO_LICENSE_LINE and not path.endswith(".md"):
        linux = path.startswith(LINUX)
        licence = LINUX_LICENSE_LINE if linux else LICENSE_LINE
        if not any(licence.search(line) for line in lines[:3]):
            report.find(path, 1, "no SPDX-License-Identifier with "
                        f"{'GPL-2.0-only' if linux else 'MIT'} in the first lines")
    if len(lines) > FILE_LINES and not path.startswith(DATA) and not path.endswith(".md"):
        report.find(path, FILE_LINES + 1, f"{len(lines)} lines, {FILE_LINES} are a file's most")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.find(path, number, "trailing whitespace")
        if match := MACHINE_PATH.search(line):
            report.find(path, number, f"`{match.group().strip()}`: a path of one machine")
        if match := REGISTRY.search(line):
            report.find(path, number, f"`{match.group()}`: the address of a registry")


def is_shell(path, text):
    return path.endswith(".sh") or re.match(r"#!.*\bbash\b", text) is not None


def check_functions(report, path, text):
    """Lengths of functions; Python is parsed on the way."""
    spans = []
    if path.endswith(".py"):
        try:
            nodes = ast.walk(ast.parse(text, path))
        except SyntaxError as error:
            report.find(path, error.lineno or 1, f"python: {error.msg}")
            return
        spans = [(node.lineno, node.end_lineno) for node in nodes
                 if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    elif path.endswith((".c", ".h")) or is_shell(path, text):
        for match in FUNCTION.finditer(bare(text) if path.endswith((".c", ".h")) else text):
            spans.append((line_of(text, match.start()), line_of(text, match.end())))
    for first, last in spans:
        if last - first + 1 > FUNCTION_LINES:
            report.find(path, first,
                        f"a function of {last - first + 1} lines, {FUNCTION_LINES} are the most")


def check_folders(report, files):
    counts = {}
    for path in files:
        counts.setdefault(os.path.dirname(path), []).append(path)
    for folder, names in counts.items():
        if len(names) > FOLDER_FILES and folder not in FOLDERS_EXEMPT:
            report.find(folder or ".", 1, f"{len(names)} files, {FOLDER_FILES} are a folder's most")


def check_file(report, path):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (UnicodeDecodeError, FileNotFoundError):
        return  # no text; gone since it was listed
    check_text(report, path, text.splitlines())
    check_functions(report, path, text)
    if is_shell(path, text):
        shell = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
        for match in re.finditer(r"line (\d+): (.*)", shell.stderr):
            report.find(path, match.group(1), f"bash: {match.group(2)}")
    if path.endswith(CODE) and not path.startswith(OUTSIDE):
        code = bare(text)
        check_includes(report, path, code)
        check_door(report, path, code)
        check_words(report, path, code)


# --- tools ------------------------------------------------------------------------------------


def check_format(report, files):
    """The formatter's word, from the one version whose layout this is."""
    tool = next(filter(shutil.which, (f"clang-format-{FORMATTER_VERSION}", "clang-format")), None)
    if not tool:
        report.leave_out("formatting", f"clang-format {FORMATTER_VERSION} is not installed")
        return
    version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
    if f"version {FORMATTER_VERSION}." not in version:
        report.leave_out("formatting", f"version {FORMATTER_VERSION} is wanted: {version.strip()}")
        return
    run = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True)
    places = {}
    for match in COMPLAINT.finditer(run.stderr):
        places.setdefault(match.group(1), []).append(match.group(2))
    for path, lines in places.items():
        report.find(path, lines[0], f"not as .clang-format lays it out, {len(lines)} places")


def check_build(report, compiler, words):
    """Builds the 4K image elsewhere; warnings are errors by the Makefile's own flags."""
    with tempfile.TemporaryDirectory(prefix="tlbed-lint.") as out:
        command = ["make", "-k", f"-j{len(os.sched_getaffinity(0))}", f"O={out}", *words]
        make = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    output = make.stdout + make.stderr
    complaints = dict.fromkeys(COMPLAINT.findall(output))
    for path, line, what in list(complaints)[:COMPLAINTS_SHOWN]:
        report.find(path, line, f"{compiler}: {what}")
    if len(complaints) > COMPLAINTS_SHOWN:
        print(f"({compiler}: {len(complaints) - COMPLAINTS_SHOWN} more)")
    if make.returncode and not complaints:
        report.find("Makefile", 1, f"{compiler}: {(output.splitlines() or ['no output'])[-1]}")


def check_builds(report):
    if not shutil.which("make"):
        report.leave_out("warnings", "make is not installed")
        return
    if any(map(shutil.which, ("aarch64-none-elf-gcc", "aarch64-linux-gnu-gcc"))):
        check_build(report, "gcc", [])
    else:
        report.leave_out("gcc's warnings", "no aarch64 gcc is installed")
    if shutil.which("clang") and shutil.which("ld.lld"):
        check_build(report, "clang", ["LLVM=1"])
    else:
        report.leave_out("clang's warnings", "clang or lld is not installed")


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    report, files = Report(), tree_files()
    for path in files:
        check_file(report, path)
    check_folders(report, files)
    check_format(report, [path for path in files if path.endswith((".c", ".h"))])
    check_builds(report)
    print(f"lint: {report.findings} findings in {len(files)} files, {report.left_out} left out")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
