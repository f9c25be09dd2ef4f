# SPDX-License-Identifier: MIT
"""From what tools/profile/plugin.c counted to the table of one record.

The plugin counts between the two reads of INST_RETIRED in time_body() (bench/measure.c), as the
PMU does. A pass of null_body() is what the bench subtracts; the sample that is shown is the one
whose count is the record's median, so that the rows add up to the record's figure.
"""

from dataclasses import dataclass, field

MARKS = "time_body"
NULL_BODY = "null_body"
SAMPLES = "instructions"  # where time_body() stores the count of a sample
READ_PMEVCNTR0 = (0xD53BE800, 0xFFFFFFE0)  # mrs xN, pmevcntr0_el0
DC_ZVA = (0xD50B7420, 0xFFFFFFE0)
# A store-exclusive is a compare-and-exchange to the emulator, whose load the core has not.
STORE_EXCLUSIVE = ((0x08000000, 0x3FE00000), (0x88200000, 0xBFE00000))
# ldaxr wN, [xM]; add wK, wN, #0x10000: a ticket is drawn (lib/arm64/spinlock.h).
DRAW_TICKET = ((0x885FFC00, 0xFFFFFC00), (0x11404000, 0xFFFFFC00))
ZVA_BYTES = 64  # a line, on every CPU that QEMU has and the Cortex-A55 and A76
ALL = -1  # the plugin's name for the union of all functions


class Mismatch(Exception):
    """One line: why the counts cannot be believed."""


@dataclass
class Pass:
    sample: int
    elsewhere: int  # instructions outside of the ELF's text
    # address: [executed, loads, bytes, stores, bytes, address accessed last]
    insns: dict = field(default_factory=dict)
    lines: dict = field(default_factory=dict)  # function index: (loaded, stored, touched)

    @property
    def total(self):
        return self.elsewhere + sum(counts[0] for counts in self.insns.values())


def is_one_of(word, *patterns):
    return any(word & mask == value for value, mask in patterns)


def write_plan(elf, path):
    """For the plugin: what to count, and where it begins and ends."""
    first, end = elf.function(MARKS)
    reads = [at for at in range(first, end, 4) if is_one_of(elf.word(at), READ_PMEVCNTR0)]
    if len(reads) != 2:
        raise Mismatch(f"{MARKS}() reads PMEVCNTR0_EL0 {len(reads)} times, not twice")
    elf.function(NULL_BODY)
    text = (min(s.address for s in elf.code), max(s.address + s.size for s in elf.code))
    numbers = {"text": text, "start": reads[:1], "stop": reads[1:], "samples": elf.object(SAMPLES)}
    with open(path, "w", encoding="utf-8") as file:
        for key, values in numbers.items():
            print(key, *(f"{value:x}" for value in values), file=file)
        print("functions", len(elf.starts), file=file)
        for address in elf.starts:
            print(f"{address:x}", file=file)


def read_passes(path):
    """The passes of a boot in their order. One that was cut is not among them."""
    passes, now = [], None
    with open(path, encoding="utf-8") as file:
        for line in file:
            word, *values = line.split()
            if word == "pass":
                now = Pass(int(values[0]), int(values[1]))
            elif word == "insn":
                now.insns[int(values[0], 16)] = [*map(int, values[1:-1]), int(values[-1], 16)]
            elif word == "lines":
                now.lines[int(values[0])] = tuple(int(value) for value in values[1:])
            elif word == "end":
                passes.append(now)
    return passes


def last_samples(passes):
    """Warm-up passes are sample 0 too, and come before it: the last of each number counts."""
    last = {one.sample: one for one in passes}
    return [last[number] for number in sorted(last)]


def median(passes):
    """The bench's: element n/2 of the sorted."""
    return sorted(passes, key=lambda one: one.total)[len(passes) // 2]


def choose(elf, passes, record, overhead):
    """(the sample to show, what an empty body took). Raises Mismatch unless all counts agree."""
    null = elf.function(NULL_BODY)[0]
    empty = last_samples([one for one in passes if null in one.insns])
    samples = last_samples([one for one in passes if null not in one.insns])
    if not empty or len(samples) != record["iterations"]:
        raise Mismatch(f"{len(samples)} samples and {len(empty)} of an empty body were seen, the "
                       f"record has {record['iterations']}")
    empty = median(empty)
    shown = median(samples)
    totals = [one.total - overhead for one in samples]
    counted = (empty.total, shown.total - overhead, min(totals), max(totals))
    measured = (overhead, *(record[f"instructions{end}"] for end in ("", "_min", "_max")))
    if counted != measured:
        raise Mismatch(f"the plugin counted {counted}, the kernel {measured} instructions: empty "
                       "body, median, least, largest")
    return shown, empty


def count_functions(elf, one):
    """A row a function, the marks' own left out."""
    rows = {}
    marks = elf.function(MARKS)[0]
    for address, (executed, loads, loaded, stores, stored, _) in one.insns.items():
        index = elf.function_index(address)
        if elf.starts[index] == marks:
            continue
        row = rows.setdefault(index, dict.fromkeys(
            ("instructions", "entries", "loads", "bytes_loaded", "stores", "bytes_stored",
             "lines_loaded", "lines_stored", "lines_touched"), 0))
        word = elf.word(address)
        row["instructions"] += executed
        row["entries"] += executed if address == elf.starts[index] else 0
        if is_one_of(word, DC_ZVA):
            stores, stored = executed, executed * ZVA_BYTES
            row["lines_stored"] += executed
            row["lines_touched"] += executed
        elif is_one_of(word, *STORE_EXCLUSIVE):
            loads = loaded = 0
        # Instructions that load: accesses would be the emulator's, one of 16 bytes or two of 8.
        for key, value in (("loads", loads and executed), ("bytes_loaded", loaded),
                           ("stores", stores and executed), ("bytes_stored", stored)):
            row[key] += value
    return rows


def count_locks(elf, one):
    """How often each lock was taken, by the name of the object that it lies in."""
    locks = {}
    for address, counts in one.insns.items():
        if all(is_one_of(elf.word(address + 4 * i), word) for i, word in enumerate(DRAW_TICKET)):
            name = elf.object_name(counts[-1])
            locks[name] = locks.get(name, 0) + counts[0]
    return dict(sorted(locks.items()))


def account(elf, passes, record, overhead):
    """The profile of one record, as it stands in profile.json. Raises Mismatch."""
    shown, empty = choose(elf, passes, record, overhead)
    counted = count_functions(elf, shown)
    zeroed = sum(counts[0] for address, counts in shown.insns.items()
                 if is_one_of(elf.word(address), DC_ZVA))
    for index, row in counted.items():
        for key, lines in zip(("loaded", "stored", "touched"), shown.lines.get(index, (0, 0, 0))):
            row[f"lines_{key}"] += lines
    rows = [{"function": elf.names[index], **row} for index, row in counted.items()]
    rows.sort(key=lambda row: (-row["instructions"], row["function"]))
    profile = {"name": record["name"], "instructions": record["instructions"],
               "instructions_min": record["instructions_min"],
               "instructions_max": record["instructions_max"], "samples": record["iterations"],
               "sample_shown": shown.sample, "pages": record.get("pages"),
               "empty_body": sum(row["instructions"] for row in count_functions(elf, empty).values()),
               "elsewhere": shown.elsewhere}
    for key in ("loads", "bytes_loaded", "stores", "bytes_stored"):
        profile[key] = sum(row[key] for row in rows)
    for key, lines in zip(("loaded", "stored", "touched"), shown.lines.get(ALL, (0, 0, 0))):
        profile[f"lines_{key}"] = lines + (zeroed if key != "loaded" else 0)
    profile["dc_zva"] = zeroed
    profile["locks"] = count_locks(elf, shown)
    profile["functions"] = rows
    attributed = sum(row["instructions"] for row in rows) + shown.elsewhere
    if attributed - profile["empty_body"] != record["instructions"]:
        raise Mismatch(f"the functions have {attributed} instructions, {profile['empty_body']} of "
                       f"them an empty body's, the record {record['instructions']}")
    return profile


# --- tables ---------------------------------------------------------------------------------------

LABEL = 28  # columns of a function's name, at least
CALL = "the call"


def head(width):
    return f"{'instructions':>12} {'%':>5}  {'function':{width}} {'entries':>7} {'loads':>7} " \
           f"{'bytes':>9} {'lines':>6} {'stores':>7} {'bytes':>9} {'lines':>6}"


def table_row(label, row, total, entries=""):
    percent = f"{100 * row['instructions'] / total:.1f}" if total else ""
    numbers = [f"{row[key]:>{width},}" for key, width in (
        ("loads", 7), ("bytes_loaded", 9), ("lines_loaded", 6), ("stores", 7),
        ("bytes_stored", 9), ("lines_stored", 6))]
    return f"{row['instructions']:>12,} {percent:>5}  {label} {entries:>7} " + " ".join(numbers)


def table(profile):
    """Lines of text for people."""
    total = profile["instructions"]
    width = max([LABEL, *(len(row["function"]) for row in profile["functions"])])
    rule = len(head(width))
    lines = [f"{profile['name']}: {total:,} instructions, the median of {profile['samples']} "
             f"samples ({profile['instructions_min']:,} to {profile['instructions_max']:,})",
             "=" * rule, head(width), "-" * rule]
    lines += [table_row(f"{row['function']:{width}}", row, total, f"{row['entries']:,}")
              for row in profile["functions"]]
    if profile["elsewhere"]:
        lines.append(f"{profile['elsewhere']:>12,} {'':>5}  (outside of the image)")
    if profile["empty_body"]:
        lines.append(f"{-profile['empty_body']:>12,} {'':>5}  (an empty body has it too)")
    lines += ["-" * rule, table_row(f"{CALL:{width}}", profile, total)]
    touched = f"{profile['lines_touched']:,} lines of {ZVA_BYTES} bytes touched"
    if profile["dc_zva"]:
        touched += f", {profile['dc_zva']:,} of them zeroed whole (DC ZVA)"
    locks = ", ".join(f"{name} {count:,}" for name, count in profile["locks"].items())
    return [*lines, touched, f"locks taken: {locks or 'none'}", ""]


def summary(profiles):
    """A row a record, if there are several."""
    if len(profiles) < 2:
        return []
    width = max(len(profile["name"]) for profile in profiles)
    top = f"{'':{width}} {'':>12} {'loaded':>16} {'stored':>16} {'touched':>7}"
    names = f"{'record':{width}} {'instructions':>12} {'bytes':>9} {'lines':>6} {'bytes':>9} " \
            f"{'lines':>6} {'lines':>7}  locks"
    lines = [top, names, "-" * len(names)]
    for profile in profiles:
        numbers = " ".join(f"{profile[key]:>{cells},}" for key, cells in (
            ("instructions", 12), ("bytes_loaded", 9), ("lines_loaded", 6), ("bytes_stored", 9),
            ("lines_stored", 6), ("lines_touched", 7)))
        locks = ", ".join(f"{name} {count:,}" for name, count in profile["locks"].items())
        lines.append(f"{profile['name']:{width}} {numbers}  {locks or '-'}")
    return [*lines, ""]


# --- by source line -------------------------------------------------------------------------------


def sum_lines(elf, one, frames, top):
    """Rows of instructions by source line and innermost function. @frames: addr2line -f -i -a."""
    rows, address, names = {}, None, []
    for line in [*frames.splitlines(), "0x0"]:
        if not line.startswith("0x"):
            names.append(line)
            continue
        if address is not None and elf.function_name(address) != MARKS:
            function = elf.function_name(address)
            inner = names[0] if names[0] != "??" else function
            place = names[1].partition(" (discriminator")[0].removeprefix(top + "/")
            rows[place, inner, function] = rows.get((place, inner, function), 0) + \
                one.insns[address][0]
        address, names = int(line, 16), []
    return [{"line": place, "inner": inner, "function": function, "instructions": count}
            for (place, inner, function), count in
            sorted(rows.items(), key=lambda item: (-item[1], item[0]))]


def source_table(profile):
    """Lines of text, by inlined function and by source line; none if the profile has no source."""
    if "source" not in profile:
        return []
    inner = {}
    for row in profile["source"]:
        where = row["inner"] + (f" in {row['function']}" if row["inner"] != row["function"] else "")
        inner[where] = inner.get(where, 0) + row["instructions"]
    inner = sorted(inner.items(), key=lambda item: (-item[1], item[0]))
    lines = [(f"{row['line']} ({row['inner']})", row["instructions"]) for row in profile["source"]]
    text = []
    for head, rows in (("function, inlined in", inner), ("source line", lines)):
        text.append(f"{'instructions':>12} {'%':>5}  {head}")
        for label, count in rows:
            text.append(f"{count:>12,} {100 * count / profile['instructions']:>5.1f}  {label}")
        text.append("")
    return text
