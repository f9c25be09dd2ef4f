#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the tests catch it? Plants one error at a time in a copy of the tree: `make mutants`.

The *.mutants below tests/mutants hold the errors, each a block of lines:
    mutant NAME
    why    what goes wrong
    file   the source, from the top of the tree
    red    host/PROGRAM[-gGRANULE], runner/PROGRAM, target/GLOB, check/GLOB (Image.check) or
           ending/GLOB; each must fail
    oracles                  in place of red: each of ORACLES is tried alone, one must fail
followed by lines of the source as in a diff: `-` gone, `+` new, ` ` around them. The
`-` and ` ` lines must be found exactly once, else the mutant is stale.

Prints TAP: `ok` for a mutant that the tests caught. A suite that is red without a
mutant, a mutant that does not build and one that is stale (of all, whichever were
asked for) are failures too. Of mutants with `oracles` a matrix follows: who kills what.
"""

import argparse
import fnmatch
import glob
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field

import lint
from runner import console, endings, host, ktap, matrix, process, suite

FOLDER = "tests/mutants"
RUNNER_LIMIT_S = 120
SILENCE_S = 20
BOOT_LIMIT_S = 120
MACHINE = {"machine": "virt", "cpu": "cortex-a76", "mem": "2G", "gic": "3", "el2": "off",
           "smp": "4", "granule": "4K", "compiler": "gcc", "icount": "on", "image": "Image",
           "flush": "each", "huge": "on", "expect": "tests"}


# What judges mapping code, each alone: tests/mutants/mm/oracles.mutants.
ORACLES = {
    "checker": "host/test_check_mm",
    "hostile": "host/test_hostile",
    "readback": "target/areas/*,flush/*,ioremap/*,map/*,remap/*,vmalloc/*,vmap/*",
}
ORACLE_KILLS_LEAST = 8


@dataclass
class Mutant:
    name: str
    place: str  # file:line of the mutant itself
    why: str = ""
    file: str = ""
    red: list = field(default_factory=list)
    oracles: bool = False
    killers: list = field(default_factory=list)  # of ORACLES
    old: list = field(default_factory=list)  # lines
    new: list = field(default_factory=list)

    def apply(self):
        """The file's text with the error in it; None if the mutant is stale."""
        try:
            with open(self.file, encoding="utf-8") as file:
                lines = file.read().split("\n")
        except OSError:
            return None
        count = len(self.old)
        at = [i for i in range(len(lines)) if lines[i : i + count] == self.old]
        if len(at) != 1 or self.old == self.new:
            return None
        return "\n".join(lines[: at[0]] + self.new + lines[at[0] + count :])


def parse(path):
    """The mutants of one file."""
    mutants = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            mark, rest = line[:1], line[1:]
            if mark in ("", "#"):
                continue
            word, _, value = line.partition(" ")
            if word == "mutant":
                mutants.append(Mutant(value.strip(), f"{path}:{number}"))
            elif mark in "-+ " and mutants:
                mutants[-1].old += [rest] * (mark != "+")
                mutants[-1].new += [rest] * (mark != "-")
            elif word in ("why", "file") and mutants:
                setattr(mutants[-1], word, value.strip())
            elif word == "red" and mutants:
                mutants[-1].red += value.split()
            elif word == "oracles" and mutants:
                mutants[-1].oracles = True
            else:
                sys.exit(f"{path}:{number}: what is `{word}`?")
    return mutants


def read_all():
    mutants = [mutant for file in sorted(glob.glob(f"{FOLDER}/**/*.mutants", recursive=True))
               for mutant in parse(file)]
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if not (mutant.why and mutant.file and mutant.old and bool(mutant.red) != mutant.oracles):
            sys.exit(f"{mutant.place}: `why`, `file`, `red` or `oracles`, and lines of the source "
                     "are needed")
        if names.count(mutant.name) > 1:
            sys.exit(f"{mutant.place}: there are two mutants `{mutant.name}`")
    return mutants


def choose(mutants, options):
    """The named ones, or a sample of all, in the files' order."""
    if options.names:
        chosen = [mutant for mutant in mutants
                  if any(fnmatch.fnmatchcase(mutant.name, name) for name in options.names)]
        return chosen or sys.exit("no mutant has such a name")
    if options.sample and options.sample < len(mutants):
        kept = random.Random(options.seed).sample(range(len(mutants)), options.sample)
        return [mutants[i] for i in sorted(kept)]
    return mutants


def copy_tree(to):
    for name in lint.tree_files():
        os.makedirs(os.path.join(to, os.path.dirname(name)), exist_ok=True)
        shutil.copy2(name, os.path.join(to, name))


# --- suites: run in a worker's copy of the tree ------------------------------------------------


class CannotBuild(Exception):
    """Neither red nor green."""


def run_host(name, options):
    """One host program, for its first granule if it has several and @name has none."""
    programs = [program
                for program in host.find("tests/host", os.path.join(options.out, "host"), "test_")
                if program.name == name or program.source == f"tests/host/{name}.c"]
    if not programs:
        raise CannotBuild(f"there is no host/{name}")
    complaint = host.build(programs[0])
    if complaint:
        raise CannotBuild(complaint)
    return host.run_test(programs[0])


def run_runner(name, _options):
    """One of the runner's own tests."""
    program = f"tests/runner/{name}.py"
    result = suite.Suite(f"runner/{name}")
    status, output, timed_out = process.run([sys.executable, program], RUNNER_LIMIT_S)
    result.points = ktap.parse(output.splitlines())
    if timed_out or (status and not result.count("failed")):
        result.fail("limit" if timed_out else f"exit status {status}", output)
    return result


def build_kernel(options, granule=MACHINE["granule"]):
    """Returns its out; the build folder is kept, so that little is compiled anew."""
    out = os.path.join(options.out, "target")
    made = matrix.build(out, granule, MACHINE["compiler"])
    if made.count("failed"):
        raise CannotBuild(made.points[0].detail)
    return out


def run_target(globs, options, image="Image"):
    """One boot with test=@globs."""
    machine = {**MACHINE, "image": image}
    out = build_kernel(options)
    folder = matrix.build_folder(out, MACHINE["granule"], MACHINE["compiler"])
    command = matrix.qemu_command(machine, options.qemu, folder)
    words = [f"test={globs}", *matrix.huge_words(machine)]
    command[command.index("-append") + 1] = " ".join(words)
    result = suite.Suite(f"{'target' if image == 'Image' else 'check'}/{globs}")
    boot = console.boot(command, os.path.join(out, "boot.log"), SILENCE_S, BOOT_LIMIT_S)
    matrix.judge_tests(result, boot, machine)
    return result


def run_check(globs, options):
    """The same of Image.check."""
    return run_target(globs, options, "Image.check")


def run_ending(glob, options):
    """The boots of tests/endings and its like whose names match @glob."""
    result = suite.Suite(f"ending/{glob}")
    for ending in endings.read_all():
        if fnmatch.fnmatchcase(ending.name, glob):
            out = build_kernel(options, ending.granule)
            result.points += endings.boot(ending, out, options.qemu, SILENCE_S).points
    return result


def run_suite(name, options):
    kind, _, rest = name.partition("/")
    runs = {"host": run_host, "runner": run_runner, "target": run_target, "check": run_check,
            "ending": run_ending}
    if kind not in runs:
        raise CannotBuild(f"`{name}` is no suite: host/, runner/, target/, check/ or ending/")
    return runs[kind](rest, options)


def judge_alone(mutant, options):
    """Tries each oracle for itself: (whether one at least is red, one line on it)."""
    for oracle, name in ORACLES.items():
        if run_suite(name, options).count("failed"):
            mutant.killers.append(oracle)
    missed = [oracle for oracle in ORACLES if oracle not in mutant.killers]
    if not mutant.killers:
        return False, "survived all oracles"
    return True, "killed by " + ", ".join(mutant.killers) + (
        f"; not seen by {', '.join(missed)}" if missed else "")


def catch(mutant, options):
    """(whether all its suites are red, one line on it)."""
    if mutant.oracles:
        return judge_alone(mutant, options)
    caught = []
    for name in mutant.red:
        result = run_suite(name, options)
        failed = [point.name for point in result.points if point.verdict == "failed"]
        if not failed:
            return False, f"survived {name}"
        # A program that crashed has no whole plan either, which says less.
        first = min(failed, key=lambda point: point == "plan")
        caught.append(f"{result.name} ({first}" + (", …)" if len(failed) > 1 else ")"))
    return True, "caught by " + ", ".join(caught)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def try_mutant(mutant, options):
    """Plants @mutant, runs its suites, takes it out again."""
    mutated = mutant.apply()
    if mutated is None:
        return False, f"stale: its lines are not found exactly once in {mutant.file}"
    with open(mutant.file, encoding="utf-8") as file:
        text = file.read()
    write(mutant.file, mutated)
    try:
        return catch(mutant, options)
    except CannotBuild as error:
        return False, f"does not build: {error}"
    finally:
        write(mutant.file, text)


def why_red(name, options):
    """Why suite @name is red without a mutant, and so can say nothing; None: it is green."""
    try:
        result = run_suite(name, options)
    except CannotBuild as error:
        return str(error)
    failed = [f"{point.name}: {point.detail}" for point in result.points
              if point.verdict == "failed"]
    if failed or not result.count("passed"):
        return failed[-1] if failed else "nothing ran"
    return None


# --- workers: each has a copy of the tree, which is its current folder --------------------------

worker_options = None


def start_worker(folder, options):
    global worker_options
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    own = os.path.join(folder, str(os.getpid()))
    copy_tree(os.path.join(own, "tree"))
    os.chdir(os.path.join(own, "tree"))
    options.out = os.path.join(own, "out")
    worker_options = options


def work_suite(name):
    return why_red(name, worker_options)


def work_mutant(mutant):
    good, text = try_mutant(mutant, worker_options)
    return good, text, mutant.killers


def show(number, mutant, good, text):
    """One line, after those that say more of a mutant that was not caught."""
    line, *more = text.split("\n")
    for note in [] if good else [f"{mutant.place}: {mutant.why}", *more]:
        print(f"# {note}")
    print(f"{'' if good else 'not '}ok {number} - {mutant.name}: {line}", flush=True)


def show_matrix(tried, whole):
    """Mutant by oracle. With the @whole set: whether an oracle kills too few."""
    if not tried:
        return False
    width = max(len(mutant.name) for mutant in tried)
    print(f"# {'':{width}}  {'  '.join(ORACLES)}")
    for mutant in tried:
        cells = [("dies" if oracle in mutant.killers else "-").ljust(len(oracle)) for oracle in ORACLES]
        print(f"# {mutant.name:{width}}  {'  '.join(cells)}")
    kills = {oracle: sum(oracle in mutant.killers for mutant in tried) for oracle in ORACLES}
    print("# of", len(tried), "mutants:", ", ".join(f"{k} kills {n}" for k, n in kills.items()))
    weak = [oracle for oracle, n in kills.items() if n < ORACLE_KILLS_LEAST]
    if whole and weak:
        print(f"# fewer than {ORACLE_KILLS_LEAST}: {', '.join(weak)}")
    return whole and bool(weak)


def suites_of(mutant):
    return list(ORACLES.values()) if mutant.oracles else mutant.red


def run(options, pool):
    mutants = read_all()
    chosen = choose(mutants, options)
    chosen += [mutant for mutant in mutants if mutant not in chosen and not mutant.apply()]  # stale
    print(f"1..{len(chosen)}", flush=True)
    suites = sorted({name for mutant in chosen for name in suites_of(mutant)})
    red = {name: why for name, why in zip(suites, pool.map(work_suite, suites, 1)) if why}
    for name, why in red.items():
        print(f"# {name} is red without a mutant: {why}".replace("\n", "\n# "), flush=True)
    tried = pool.imap(work_mutant, [m for m in chosen if not red.keys() & set(suites_of(m))])
    bad = 0
    for number, mutant in enumerate(chosen, 1):
        useless = [name for name in suites_of(mutant) if name in red]
        if useless:
            good, text = False, f"{useless[0]} is red anyway"
        else:
            good, text, mutant.killers = next(tried)
        bad += not good
        show(number, mutant, good, text)
    print(f"# {len(chosen) - bad} of {len(chosen)} mutants caught, {len(mutants)} in all")
    weak = show_matrix([mutant for mutant in chosen if mutant.oracles],
                       all(mutant in chosen for mutant in mutants if mutant.oracles))
    return 1 if bad or weak else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, by --seed")
    parser.add_argument("--seed", default="1", help="any word")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("names", nargs="*", metavar="GLOB", help="only these")
    options = parser.parse_args()
    process.install_signal_handlers()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    try:
        with tempfile.TemporaryDirectory(prefix="tlbed-mutants.") as folder:
            with multiprocessing.get_context("fork").Pool(
                    len(os.sched_getaffinity(0)), start_worker, (folder, options)) as pool:
                return run(options, pool)
    except process.Interrupted as interrupt:
        process.kill_all()
        return interrupt.exit_status


if __name__ == "__main__":
    sys.exit(main())
