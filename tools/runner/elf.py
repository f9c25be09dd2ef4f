# SPDX-License-Identifier: MIT
"""What a profile needs of a 64-bit little-endian ELF: its functions, its objects, its code."""

import bisect
import re
import struct
from dataclasses import dataclass, field

SHT_SYMTAB = 2
SHT_NOBITS = 8
SHF_EXECINSTR = 4
NO_TYPE, OBJECT, FUNCTION = 0, 1, 2
# Mapping symbols ($x, $d) and the assembler's local labels are nobody's names.
NO_NAME = re.compile(r"^$|^[$]|^[.]L")


class BadElf(Exception):
    """One line: what is wrong with the file."""


@dataclass
class Section:
    name: str
    kind: int
    flags: int
    address: int
    data: bytes
    size: int
    link: int

    @property
    def is_code(self):
        return bool(self.flags & SHF_EXECINSTR and self.address and self.data)


@dataclass
class Symbol:
    name: str
    kind: int
    address: int
    size: int


@dataclass
class Elf:
    code: list = field(default_factory=list)  # the sections that are executed
    symbols: list = field(default_factory=list)
    starts: list = field(default_factory=list)  # of functions, ascending; names go with it
    names: list = field(default_factory=list)

    def word(self, address):
        """The instruction there; 0 outside of the code."""
        for section in self.code:
            offset = address - section.address
            if 0 <= offset <= section.size - 4:
                return struct.unpack_from("<I", section.data, offset)[0]
        return 0  # permanently undefined

    def function_index(self, address):
        """Of the function that holds @address, -1 if none does."""
        return bisect.bisect_right(self.starts, address) - 1

    def function_name(self, address):
        index = self.function_index(address)
        return self.names[index] if index >= 0 else "(before the text)"

    def function(self, name):
        """(first address, end) of the one function of that name."""
        found = [i for i, other in enumerate(self.names) if other == name]
        if len(found) != 1:
            raise BadElf(f"{len(found)} functions are named {name}")
        index = found[0]
        last = index + 1 == len(self.starts)
        end = max(s.address + s.size for s in self.code) if last else self.starts[index + 1]
        return self.starts[index], end

    def object_name(self, address):
        """Of the object that @address lies in."""
        for symbol in self.symbols:
            if symbol.kind == OBJECT and 0 <= address - symbol.address < symbol.size:
                return symbol.name
        return f"{address:#x}"

    def object(self, name):
        """(first address, end) of the one object of that name."""
        found = [s for s in self.symbols if s.name == name and s.kind == OBJECT]
        if len(found) != 1:
            raise BadElf(f"{len(found)} objects are named {name}")
        return found[0].address, found[0].address + found[0].size


def text(data, offset):
    return data[offset : data.index(b"\0", offset)].decode(errors="replace")


def read_sections(data):
    offset = struct.unpack_from("<Q", data, 0x28)[0]
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    raw = [struct.unpack_from("<IIQQQQI", data, offset + i * size) for i in range(count)]
    sections = []
    for name, kind, flags, address, start, length, link in raw:
        body = b"" if kind == SHT_NOBITS else data[start : start + length]
        sections.append(Section(text(data, raw[names][4] + name), kind, flags, address, body,
                                length, link))
    return sections


def read_symbols(sections):
    symbols = []
    for section in (s for s in sections if s.kind == SHT_SYMTAB):
        names = sections[section.link].data
        for at in range(0, len(section.data), 24):
            name, info, _, _, value, size = struct.unpack_from("<IBBHQQ", section.data, at)
            symbols.append(Symbol(text(names, name), info & 15, value, size))
    return symbols


def name_functions(elf):
    """One name an address: a function before a label of assembly, then the shorter alias."""
    best = {}
    for symbol in elf.symbols:
        if symbol.kind not in (NO_TYPE, FUNCTION) or NO_NAME.match(symbol.name):
            continue
        if not any(s.address <= symbol.address < s.address + s.size for s in elf.code):
            continue
        rank = (symbol.kind != FUNCTION, symbol.name.startswith("_"), len(symbol.name), symbol.name)
        best[symbol.address] = min(best.get(symbol.address, rank), rank)
    elf.starts = sorted(best)
    elf.names = [best[address][-1] for address in elf.starts]


def read(path):
    """Raises BadElf, OSError."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x7fELF\x02\x01":
        raise BadElf(f"{path} is no 64-bit little-endian ELF")
    try:
        sections = read_sections(data)
        elf = Elf([s for s in sections if s.is_code], read_symbols(sections))
    except (struct.error, ValueError, IndexError) as error:
        raise BadElf(f"{path} is cut or damaged: {error}") from error
    name_functions(elf)
    if not elf.starts:
        raise BadElf(f"{path} names no function")
    return elf
