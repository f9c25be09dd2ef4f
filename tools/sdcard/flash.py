# SPDX-License-Identifier: MIT
"""Writes a card image to a card and reads it back: `make flash DEV=/dev/sdX`.

Refuses all but a whole disk that can be taken out and that nobody uses, and asks for its
size to be typed. Exit status 0, or 1 after one line that says why.
"""

import argparse
import contextlib
import errno
import fcntl
import io
import os
import re
import stat
import sys

BLOCK = 1 << 20
SECTOR = 512
GPT_MAGIC = b"EFI PART"  # at sector 1; the sector of its copy, the last one, is 32 bytes behind
BLKFLSBUF = 0x1261  # linux/fs.h: writes a device's buffers and forgets them
BLKRRPART = 0x125F  # linux/fs.h: reads its partition table again


class Refusal(Exception):
    """Why nothing was written, or what came of it, in one line."""


class System:
    """What Linux says of its disks. Tests have one of their own."""

    sysfs = "/sys"
    proc = "/proc"

    def number(self, path):
        """major:minor of a block device, by its path or open file. Raises Refusal, OSError."""
        node = os.stat(path)
        if not stat.S_ISBLK(node.st_mode):
            raise Refusal(f"{path} is not a disk")
        return f"{os.major(node.st_rdev)}:{os.minor(node.st_rdev)}"

    def folder(self, number):
        """The disk's folder in sysfs, as /sys/devices/.../block/sdb."""
        return os.path.realpath(os.path.join(self.sysfs, "dev", "block", number))

    def lines(self, name):
        """The lines of a file in /proc; none if this kernel has no such file."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.proc, name), encoding="utf-8",
                      errors="surrogateescape") as file:
                return file.read().splitlines()
        return []


def read(*path):
    """A value of sysfs, "" if it is not there. Cards have any bytes for a name."""
    try:
        with open(os.path.join(*path), encoding="ascii", errors="replace") as file:
            text = file.read().strip()
    except OSError:
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def entries(*path):
    try:
        return sorted(os.listdir(os.path.join(*path)))
    except OSError:
        return []


def unescape(word):
    r"""A name in /proc as it is: blanks are written \040 there."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), word)


# --- may this disk be written? ----------------------------------------------------------------


def check(device, image_bytes, system):
    """(bytes of the disk, its name for people, what counts the cards in it). Raises Refusal."""
    number = number_of(device, system)
    folder = system.folder(number)
    if not os.path.isdir(folder):
        raise Refusal(f"{device}: sysfs does not know {number}")
    if os.path.exists(os.path.join(folder, "partition")):
        disk = os.path.basename(os.path.dirname(folder))
        raise Refusal(f"{device} is a partition: the card is the whole disk, /dev/{disk}")
    if not is_removable(folder):
        raise Refusal(f"{device} is built in: only what can be taken out is written")
    check_idle(device, folder, number, system)
    if read(folder, "ro") != "0":
        raise Refusal(f"{device} is write-protected (a card may have a switch for that)")
    return check_size(device, folder, image_bytes), model(folder), read(folder, "diskseq")


def number_of(device, system):
    try:
        return system.number(device)
    except OSError as error:
        raise Refusal(f"{device}: {error.strerror}") from error


def is_removable(folder):
    """As the drive says. A slot on an MMC bus does not, but tells SD cards from soldered eMMC."""
    return read(folder, "removable") == "1" or read(folder, "device", "type") == "SD"


def parts(folder):
    """The folders of the disk and of its partitions."""
    disk = os.path.basename(folder)
    names = [name for name in entries(folder) if name.startswith(disk) and
             os.path.exists(os.path.join(folder, name, "partition"))]
    return [folder, *[os.path.join(folder, name) for name in names]]


def check_idle(device, folder, number, system):
    """Neither mounted, nor swap, nor part of something else: of a partition, too."""
    for part in parts(folder):
        if holders := entries(part, "holders"):
            raise Refusal(f"{device} is in use: {os.path.basename(part)} is part of "
                          f"{', '.join(holders)}")
    numbers = {number} | {read(part, "dev") for part in parts(folder)}
    for line in system.lines("self/mountinfo"):
        words = line.split()
        # A file system over several disks has a number of its own, but names one of them.
        source = words[words.index("-") + 2] if "-" in words[:-2] else ""
        if words[2] in numbers or number_or_none(unescape(source), system) in numbers:
            raise Refusal(f"{device} is mounted on {unescape(words[4])}: unmount it first")
    for line in system.lines("swaps")[1:]:
        if number_or_none(unescape(line.split()[0]), system) in numbers:
            raise Refusal(f"{device} is used as swap: {line.split()[0]}")
    for loop in entries(system.sysfs, "block"):
        backing = read(system.sysfs, "block", loop, "loop", "backing_file")
        if number_or_none(backing, system) in numbers:
            raise Refusal(f"{device} is in use: {backing} is behind {loop}")


def number_or_none(path, system):
    if not path.startswith("/"):
        return None
    try:
        return system.number(path)
    except (OSError, Refusal):
        return None


def check_size(device, folder, image_bytes):
    size = read(folder, "size")
    size = int(size) * SECTOR if size.isdecimal() else 0
    if not size:
        raise Refusal(f"{device} has no card in it")
    if size < image_bytes:
        raise Refusal(f"{device} has {size:,} bytes, the image {image_bytes:,}")
    return size


def model(folder):
    """What the maker calls it, or the kernel if he is silent."""
    words = [read(folder, "device", name) for name in ("vendor", "model", "name")]
    return " ".join(filter(None, words)) or os.path.basename(folder)


def check_image(path):
    """The size of the image. Raises Refusal."""
    try:
        node = os.stat(path)  # opening a pipe would wait for who writes it
        if not stat.S_ISREG(node.st_mode):
            raise Refusal(f"{path} is not a file")
        with open(path, "rb") as file:
            file.seek(SECTOR)
            gpt = file.read(40)
    except OSError as error:
        hint = " (make sdcard writes one)" if error.errno == errno.ENOENT else ""
        raise Refusal(f"{path}: {error.strerror}{hint}") from error
    if not gpt.startswith(GPT_MAGIC):
        raise Refusal(f"{path} is no image of a card: it has no GPT")
    whole = (int.from_bytes(gpt[32:40], "little") + 1) * SECTOR
    if node.st_size < whole:
        raise Refusal(f"{path} is cut: it has {node.st_size:,} bytes of {whole:,}")
    return node.st_size


def ask(device, name, size, answer):
    """Lets the size be typed, so that somebody has looked. Raises Refusal."""
    print(f"{device} is {name}, {size:,} bytes ({size / 1e9:.1f} GB). All that is on it will be "
          "lost.\nType its size in bytes to go on: ", end="", file=sys.stderr, flush=True)
    try:
        line = answer.readline()
    except UnicodeDecodeError:
        line = "?\n"
    if not line.endswith("\n"):
        print(file=sys.stderr)  # the next sentence is on a line of its own
    if line.strip().replace(",", "") != str(size):
        raise Refusal(f"what was typed is not the size of {device}" if line.strip() else
                      "nothing was typed")


# --- writing ----------------------------------------------------------------------------------


def say(text, end="\n"):
    print(f"tlbed: {text}", end=end, file=sys.stderr, flush=True)


def flash(image, device, number, system):
    """Writes all, waits until it is there, and compares what comes back. Raises Refusal.

    It is held all the while: a desktop that mounts what it finds would write to it, too.
    """
    with _open(device) as card:
        if system.number(card.fileno()) != number:
            raise Refusal(f"{device} is another disk than a moment ago")
        size = write(image, card, device)
        forget(card)
        card.seek(0)
        compare(image, card, device, size)
        with contextlib.suppress(OSError):
            fcntl.ioctl(card, BLKRRPART)  # for whoever looks at it here; a file has none
    return size


def _open(device):
    try:
        # O_EXCL: a disk that came into use since it was looked at is refused by the kernel.
        return os.fdopen(os.open(device, os.O_RDWR | os.O_EXCL), "r+b", 0)
    except OSError as error:
        hint = ": root may, `sudo make flash ...`" if error.errno == errno.EACCES else ""
        raise Refusal(f"{device}: {error.strerror}{hint}") from error


def write(image, card, device):
    """All of the image, to the medium. Returns its size."""
    size = 0
    try:
        with open(image, "rb") as file:
            while block := file.read(BLOCK):
                while block:
                    count = card.write(block)
                    block, size = block[count:], size + count
        os.fsync(card.fileno())
    except OSError as error:
        raise Refusal(f"writing {device} failed past byte {size:,}: {error.strerror}: the card "
                      "is not usable as it is") from error
    return size


def forget(card):
    """What is read back comes from the card, not from memory."""
    os.posix_fadvise(card.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with contextlib.suppress(OSError):  # a file has no such call
        fcntl.ioctl(card, BLKFLSBUF)


def compare(image, card, device, size):
    done = 0
    with open(image, "rb") as file:
        while done < size:
            block = file.read(min(BLOCK, size - done))
            try:
                seen = read_whole(card, len(block))
            except OSError as error:
                raise Refusal(f"reading {device} back failed past byte {done:,}: "
                              f"{error.strerror}") from error
            if not block or seen != block:
                at = done + next((i for i, (a, b) in enumerate(zip(block, seen)) if a != b),
                                 min(len(block), len(seen)))
                raise Refusal(f"{device} does not hold what was written: it differs at byte {at:,}")
            done += len(block)


def read_whole(card, count):
    """That many bytes, fewer only at the end."""
    data = b""
    while len(data) < count and (piece := card.read(count - len(data))):
        data += piece
    return data


def run(device, image, system, answer):
    """All of it. Raises Refusal."""
    if not device:
        raise Refusal("which card? make flash DEV=/dev/sdX")
    image_bytes = check_image(image)
    found = size, name, _ = check(device, image_bytes, system)
    number = system.number(device)
    ask(device, name, size, answer)
    if check(device, image_bytes, system) != found:  # typing takes time
        raise Refusal(f"{device} has another card in it than a moment ago")
    say(f"writing {image} to {device} ...")
    try:
        written = flash(image, device, number, system)
    except KeyboardInterrupt:
        raise Refusal("interrupted: what is on the card is not whole") from None
    say(f"{device} holds {image}, {written:,} bytes, read back and compared: take it out")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("device")
    parser.add_argument("image")
    options = parser.parse_args()
    try:
        run(options.device, options.image, System(), sys.stdin or io.StringIO())
    except Refusal as refusal:
        say(f"not flashed: {refusal}")
        return 1
    except KeyboardInterrupt:
        say("not flashed: interrupted")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
