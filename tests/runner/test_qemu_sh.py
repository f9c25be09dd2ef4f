# SPDX-License-Identifier: MIT
"""qemu.sh itself: the command line that it composes, what it refuses, where it builds.

make and QEMU are played by scripts, so that no test here needs a kernel.
"""

import os
import shlex
import shutil
import subprocess
import tempfile

import tap

DEFAULT = (
    "qemu-system-aarch64 -M virt,gic-version=3,dtb-randomness=off -cpu cortex-a76 -m 2G -smp 1 "
    "-icount shift=0,sleep=off -display none -monitor none -serial stdio -no-reboot -nodefaults "
    "-nic none -kernel"
)
QEMU = """#!/bin/sh
[ "$1" = --version ] && { echo "QEMU emulator version ${FAKE_VERSION:-7.2.22} (Debian)"; exit; }
echo "booted $*"
echo 'tlbed: exit status 0'
"""
MAKE = """#!/bin/sh
echo "make $* LLVM=${LLVM-unset}"
[ -z "$FAKE_MAKE_FAILS" ] || { echo 'head.S:1: error: broken'; exit 2; }
for word; do case $word in O=*) : >"${word#O=}/Image" ;; esac; done
"""
# Knows make only after an update, and its first installation fails, as with lists out of date.
APT_GET = """#!/bin/sh
echo "$*" >>"$FAKE_APT/calls"
case "$*" in
*update*) : >"$FAKE_APT/updated" ;;
*install*) [ -e "$FAKE_APT/updated" ] || exit 100; ln -s "$FAKE_APT/make" "$FAKE_APT/../bin/make" ;;
esac
"""
NOBODY = 65534
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def as_nobody():
    """Root may write everywhere and install; what is said to others is tried as nobody."""
    return ["setpriv", f"--reuid={NOBODY}", "--clear-groups", "--"] if os.getuid() == 0 else []


class ScriptCase(tap.ScratchCase):
    """Runs a copy of the script in a tree of its own, whose path has a space."""

    def setUp(self):
        super().setUp()
        self.tree = self.path("the tree")
        os.makedirs(self.tree)
        shutil.copy(os.path.join(tap.TOP, "qemu.sh"), self.tree)
        shutil.copytree(os.path.join(tap.TOP, "tools"), os.path.join(self.tree, "tools"),
                        ignore=shutil.ignore_patterns("__pycache__"))
        self.qemu = self.program("bin/fake-qemu", QEMU)
        self.program("bin/make", MAKE)

    def call(self, *words, wrapper=(), cwd=None, script=None, **environment):
        """Runs qemu.sh; returns its status."""
        inherited = {name: value for name, value in os.environ.items() if name != "O"}
        path = {"PATH": self.path("bin") + ":" + os.environ["PATH"]}
        done = subprocess.run(
            [*wrapper, script or os.path.join(self.tree, "qemu.sh"), *words],
            cwd=cwd or self.folder, timeout=60, env={**inherited, **path, **environment},
            stdin=subprocess.DEVNULL, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode


class Composing(ScriptCase):
    def command(self, *words):
        self.assertEqual(self.call("--dry-run", *words), 0)
        return shlex.split(self.out)

    def after(self, flag, *words):
        """What follows that flag in the composed line, or None."""
        line = self.command(*words)
        return line[line.index(flag) + 1] if flag in line else None

    def test_default_is_the_documented_machine(self):
        image = os.path.join(self.tree, "build", "Image")
        self.assertEqual(self.command(), [*DEFAULT.split(), image])
        self.assertEqual(self.call("--dry-run", cwd=self.tree), 0)
        self.assertEqual(shlex.split(self.out), [*DEFAULT.split(), "build/Image"])
        self.assertEqual(sorted(os.listdir(self.tree)), ["qemu.sh", "tools"])

    def test_options_of_virt(self):
        self.assertEqual(self.after("-M", "--gic", "2", "--el2"),
                         "virt,gic-version=2,virtualization=on,dtb-randomness=off")
        self.assertEqual(self.after("-cpu", "--cpu=max,sve=off"), "max,sve=off")
        self.assertEqual(self.after("-smp", "--smp", "4"), "4")
        self.assertEqual(self.after("-m", "--mem=256M"), "256M")
        self.assertIsNone(self.after("-icount", "--icount", "off"))
        self.assertEqual(self.after("-gdb", "--gdb"), "tcp:127.0.0.1:1234")
        self.assertIn("-S", self.command("--gdb"))
        self.assertEqual(self.command("--qemu", "/opt/q")[0], "/opt/q")
        self.assertEqual(self.command("--qemu", "bin/q")[0], self.path("bin/q"))

    def test_versal_has_its_own_cpus_and_no_options_of_virt(self):
        line = self.command("--machine", "xlnx-versal-virt")
        self.assertEqual(line[1:7], ["-M", "xlnx-versal-virt", "-m", "4G", "-smp", "4"])
        for words in (["--gic", "3"], ["--el2"], ["--cpu", "max"]):
            self.assertEqual(self.call("--dry-run", "--machine", "xlnx-versal-virt", *words), 5)

    def test_more_memory_than_4g_is_not_reserved(self):
        board = "virt,gic-version=3,dtb-randomness=off"
        for mem in ("4G", "4096", "512M"):
            self.assertEqual(self.after("-M", "--mem", mem), board)
            self.assertIsNone(self.after("-object", "--mem", mem))
        for mem in ("4097M", "64G", "900G"):
            self.assertEqual(self.after("-M", "--mem", mem), f"{board},memory-backend=ram")
            self.assertEqual(self.after("-object", "--mem", mem),
                             f"memory-backend-ram,id=ram,size={mem},reserve=off")
            self.assertEqual(self.after("-m", "--mem", mem), mem)
        self.assertEqual(self.after("-M", "--machine", "xlnx-versal-virt", "--mem", "64G"),
                         "xlnx-versal-virt,memory-backend=ram")

    def test_memory_that_the_cpu_cannot_address_is_refused_in_one_line(self):
        for cpu, most, bits in (("cortex-a76", 1023, 40), ("cortex-a53,pmu=off", 1023, 40),
                                ("cortex-a72", 16383, 44)):
            self.command("--cpu", cpu, "--mem", f"{most}G")
            self.assertEqual(self.call("--dry-run", "--cpu", cpu, "--mem", f"{most + 1}G"), 5)
            self.assertEqual(self.err, f"tlbed: could not start: --mem {most + 1}G: "
                             f"{cpu.split(',')[0]} has {bits} bits of address and RAM begins at 1G, "
                             f"{most}G at most (exit status 5)\n")
        for words in (["--cpu", "max"], ["--machine", "xlnx-versal-virt"]):  # QEMU knows
            self.command(*words, "--mem", "1024G")

    def test_kernel_words(self):
        self.assertEqual(self.after("-append", "--", "bench=vmap/*", "a='b c'"),
                         "bench=vmap/* a='b c'")
        self.assertIsNone(self.after("-append"))
        self.assertEqual(self.after("-append", "--list"), "list")

    def test_semihosting_follows_the_word_that_the_kernel_reads(self):
        for words in ("exit=semihosting", 'exit="semihosting"', '"exit=semihosting" a=1',
                      "exit=off\texit=semihosting", "exit=shell", "a='b exit=shell"):
            with self.subTest(words):
                self.assertIsNotNone(self.after("-semihosting-config", "--", words))
        for words in ("", "exit=semihosting exit=off", 'a="b exit=semihosting c"', "xexit=shell",
                      "exit=semihostingx", 'a="open exit=shell'):
            with self.subTest(words):
                self.assertIsNone(self.after("-semihosting-config", "--", words))

    def test_the_checker_is_a_kernel_of_its_own(self):
        for words, image in (("check=1", "Image.check"), ("bench=x check", "Image.check"),
                             ('check=0 "check=1"', "Image.check"), ("check=1 check=0", "Image"),
                             ("trace=1 test=x", "Image.check"), ("check=0 trace", "Image.check"),
                             ("trace=0", "Image"), ("xcheck=1", "Image"), ("check=2", "Image"),
                             ('a="b check=1 c"', "Image"), ("checks", "Image")):
            with self.subTest(words):
                self.assertEqual(os.path.basename(self.after("-kernel", "--", words)), image)
                self.assertEqual(self.after("-append", "--", words), words)

    def test_a_card_brings_its_kernel_and_words_and_uboot_finds_them(self):
        card = self.program("a card,1.img", "")
        board = ["-M", "virt,gic-version=3,dtb-randomness=off", "-cpu", "cortex-a76", "-m", "2G"]
        for words, smp in (([], "8"), (["--label", "tests"], "8"), (["--smp", "2"], "2")):
            line = self.command("--sdcard", "a card,1.img", *words)
            self.assertEqual(line[1:9], [*board, "-smp", smp])
            self.assertEqual(line[-6:], [
                "-bios", "/usr/lib/u-boot/qemu_arm64/u-boot.bin", "-drive",
                f"if=none,id=card,format=raw,readonly=on,file={card.replace(',', ',,')}",
                "-device", "virtio-blk-device,drive=card"])
            self.assertNotIn("-kernel", line)
            self.assertNotIn("-append", line)

    def test_symbolic_link(self):
        link = self.path("link")
        os.symlink("the tree/qemu.sh", link)
        self.assertEqual(self.call("--dry-run", script=link), 0)
        self.assertEqual(shlex.split(self.out)[-1], os.path.join(self.tree, "build", "Image"))

    def test_output_elsewhere(self):
        elsewhere = tempfile.mkdtemp(prefix="tlbed-")
        self.addCleanup(os.rmdir, elsewhere)
        self.assertEqual(self.call("--dry-run", O=f"{elsewhere}/x"), 0)
        self.assertEqual(shlex.split(self.out)[-1], f"{elsewhere}/x/Image")
        self.assertEqual(self.call("--dry-run", cwd=self.tree, O=os.path.join(self.tree, "x")), 0)
        self.assertEqual(shlex.split(self.out)[-1], "x/Image")
        self.assertEqual(self.call("--dry-run", O="else where"), 5)


class Refusing(ScriptCase):
    def assert_refused(self, *words, **environment):
        self.assertEqual(self.call(*words, **environment), 5)
        self.assertEqual(self.out, "")
        self.assertIn("exit status 5", self.err.splitlines()[-1])
        return self.err

    def test_bad_options_end_in_one_line_and_leave_nothing(self):
        for words in (["--smp", "ten"], ["--smp", "0"], ["--mem", "x"], ["--mem", "2GB"],
                      ["--gic", "4"], ["--icount", "maybe"], ["--timeout", "1.5"], ["--cpu"],
                      ["--bogus"], ["bench=x"], ["--cpu", "a b"], ["--test", "--smp", "2"],
                      ["--test", "--", "test=x"], ["--machine", "virt,gic-version=2"]):
            with self.subTest(words):
                self.assertEqual(len(self.assert_refused(*words).splitlines()), 1)
        self.assertEqual(sorted(os.listdir(self.tree)), ["qemu.sh", "tools"])

    def test_what_a_card_decides_itself(self):
        card = self.program("card.img", "")
        for words, why in ((["--sdcard", self.path("none")], "none: no such file (make sdcard"),
                           (["--sdcard", self.folder], "no such file"),
                           (["--sdcard", card, "--", "test=*"], "takes no kernel command line"),
                           (["--sdcard", card, "--list"], "--list does not apply to --sdcard"),
                           (["--sdcard", card, "--machine", "xlnx-versal-virt"], "does not apply"),
                           (["--test", "--sdcard", card], "--sdcard does not apply to --test"),
                           (["--label", "tests"], "--label does not apply to a run without")):
            with self.subTest(words):
                err = self.assert_refused(*words)
                self.assertIn(why, err)
                self.assertEqual(len(err.splitlines()), 1)

    def test_a_card_that_cannot_be_read(self):
        card = self.program("card.img", "")
        os.chmod(self.folder, 0o755)
        os.chmod(card, 0)
        self.assertEqual(self.call("--sdcard", card, wrapper=as_nobody()), 5)
        self.assertEqual(self.err, f"tlbed: could not start: {card} cannot be read (exit status 5)\n")

    def test_help(self):
        self.assertEqual(self.call("--help"), 0)
        options = "cpu smp mem gic el2 machine qemu icount timeout gdb dry-run list test sdcard label"
        for option in options.split():
            self.assertIn(f"--{option}", self.out)

    def test_old_qemu(self):
        for version in ("7.1.0", "6.2.0", "2.12.50"):
            with self.subTest(version):
                err = self.assert_refused("--qemu", self.qemu, FAKE_VERSION=version)
                self.assertIn(f"is version {version}, 7.2 or later is needed", err)
                self.assertEqual(len(err.splitlines()), 1)

    def test_newer_qemu_is_taken(self):
        for version in ("7.2.0", "8.0", "10.0.2", "9.2.0-rc1"):
            with self.subTest(version):
                self.assertEqual(self.call("--qemu", self.qemu, FAKE_VERSION=version), 0)

    def test_no_qemu(self):
        self.assertIn("not a QEMU", self.assert_refused("--qemu", self.path("none")))
        self.assertIn("not a QEMU", self.assert_refused("--qemu", "/bin/true"))

    def test_named_compiler_that_is_not_there_installs_nothing(self):
        self.program("bin/apt-get", f"#!/bin/sh\n: >'{self.path('called')}'\n")
        err = self.assert_refused("--qemu", self.qemu, CROSS_COMPILE="nosuch-", LLVM="0")
        self.assertIn("nosuch-gcc not found", err)
        self.assertEqual(len(err.splitlines()), 1)
        self.assertFalse(os.path.exists(self.path("called")))

    def test_standard_output_that_is_full(self):
        for words in (["--help"], ["--dry-run"], ["--qemu", self.qemu]):
            with self.subTest(words):
                wrapper = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
                self.assertIn(self.call(*words, wrapper=wrapper), (4, 5))
                self.assertIn("standard output cannot be written", self.err.splitlines()[-1])
                self.assertNotIn("Traceback", self.err)

    def test_checker_that_make_does_not_build(self):
        err = self.assert_refused("--qemu", self.qemu, "--", "check=1")
        self.assertRegex(err, "could not start: .*/build/Image.check is not there")
        self.assertEqual(len([line for line in err.splitlines() if "Image.check" in line]), 1)

    def test_broken_build(self):
        err = self.assert_refused("--qemu", self.qemu, FAKE_MAKE_FAILS="1")
        self.assertIn("error: broken", err)
        self.assertIn("building failed", err)


class Installing(ScriptCase):
    """On a machine without make, whose other programs are the host's."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        for name in ("bash", "sh", "env", "dirname", "id", "uname", "mkdir", "sed", "head", "tail",
                     "nproc", "ln", "readlink", "cat", "true", "setpriv", "python3"):
            os.symlink(shutil.which(name, path=SYSTEM_PATH), self.path(f"bin/{name}"))
        self.program("bin/aarch64-linux-gnu-gcc", "#!/bin/sh\n")
        os.mkdir(self.path("apt"))
        os.rename(self.path("bin/make"), self.path("apt/make"))
        self.program("bin/apt-cache", "#!/bin/sh\nexit 0\n")
        self.program("bin/apt-get", APT_GET)
        os.mkdir(os.path.join(self.tree, "build"))
        for folder in (os.path.join(self.tree, "build"), self.path("apt"), self.path("bin")):
            os.chmod(folder, 0o777)

    def install(self, *words):
        return self.call("--qemu", self.qemu, wrapper=as_nobody(), PATH=self.path("bin"),
                         FAKE_APT=self.path("apt"), *words)

    def test_without_rights_one_line_says_what_to_type(self):
        self.assertEqual(self.install(), 5)
        self.assertEqual(len(self.err.splitlines()), 1)
        self.assertRegex(self.err, r"not installed: make. Type: su -c 'apt-get .* install .* make'")
        self.program("bin/sudo", "#!/bin/sh\nexit 1\n")
        self.assertEqual(self.install(), 5)
        self.assertRegex(self.err, r"Type: sudo sh -c 'apt-get .* install .* make'")

    def test_a_profile_wants_a_compiler_for_this_machine(self):
        self.assertEqual(self.install("--profile", "a/*"), 5)
        self.assertEqual(len(self.err.splitlines()), 1)
        self.assertIn("not installed: make gcc", self.err)

    def test_sudo_installs_and_old_lists_are_fetched_again(self):
        self.program("bin/sudo", '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
        status = self.install()
        self.assertEqual(status, 0, self.err)
        self.assertIn("installing make", self.err)
        with open(self.path("apt/calls"), encoding="utf-8") as file:
            calls = [line.split()[3] for line in file]
        self.assertEqual(calls, ["install", "update", "install"])


class Running(ScriptCase):
    def test_a_card_boots_the_label(self):
        """U-Boot is played by what plays QEMU; the kernel was not built here."""
        qemu = self.program("bin/uboot-qemu", QEMU.replace("sh", "bash", 1).replace(
            "echo \"booted", "printf '1: claims: three\\n2: tests: all\\nEnter choice: '\n"
            "IFS= read -r -d $'\\r' key; echo; echo \"key $key\"\necho \"booted"))
        card = self.program("card.img", "")
        for words, key in ((["--label", "tests"], "2"), ([], "1")):
            with self.subTest(words):
                status = self.call("--qemu", qemu, "--sdcard", card, *words, FAKE_MAKE_FAILS="1")
                self.assertEqual(status, 0, self.err)
                self.assertIn(f"key {key}", self.out.splitlines())
                self.assertIn("booted -M virt,", self.out)
                self.assertIn(f",file={card} ", self.out)
                # A U-Boot that does not wait for a key at first.
                self.assertRegex(self.out, r" -bios \S*build/u-boot.bin ")
        self.assertEqual(self.call("--qemu", qemu, "--sdcard", card, "--label", "x"), 4)
        self.assertIn("U-Boot's menu has no label 'x' (exit status 4)", self.err)

    def test_all_the_way(self):
        self.assertEqual(self.call("--qemu", self.qemu, "--", "bench=x"), 0)
        self.assertIn("booted -M virt,", self.out)
        self.assertIn("-append bench=x", self.out)
        self.assertEqual(self.out.splitlines()[-1], "tlbed: exit status 0")
        self.assertTrue(os.path.exists(os.path.join(self.tree, "build", "console.log")))

    def test_closed_streams(self):
        for closing in ("<&-", "<&- 2>&-", ">&- 2>&- <&-"):
            with self.subTest(closing):
                wrapper = ["sh", "-c", f'exec "$@" {closing}', "sh"]
                self.assertEqual(self.call("--qemu", self.qemu, wrapper=wrapper), 0)

    def test_flags_of_a_calling_make_do_not_reach_the_build(self):
        self.call("--qemu", self.qemu, MAKEFLAGS=" -- GRANULE=16K", FAKE_MAKE_FAILS="1")
        with open(os.path.join(self.tree, "build", "make.log"), encoding="utf-8") as log:
            self.assertNotIn("GRANULE", log.read())

    def test_llvm_0_is_no_clang(self):
        for given, seen in (("0", "unset"), ("", "unset"), ("1", "1")):
            with self.subTest(given):
                self.call("--qemu", self.qemu, LLVM=given, FAKE_MAKE_FAILS="1")
                with open(os.path.join(self.tree, "build", "make.log"), encoding="utf-8") as log:
                    self.assertIn(f"LLVM={seen}\n", log.read())

    def test_a_tree_that_cannot_be_written_builds_in_tmpdir(self):
        os.chmod(self.folder, 0o755)
        os.chmod(self.tree, 0o555)
        self.addCleanup(os.chmod, self.tree, 0o755)
        scratch = tempfile.mkdtemp(prefix="tlbed-")
        self.addCleanup(shutil.rmtree, scratch)
        os.chmod(scratch, 0o777)
        status = self.call("--qemu", self.qemu, wrapper=as_nobody(), TMPDIR=scratch)
        self.assertEqual(status, 0, self.err)
        self.assertIn("cannot be written: building in", self.err)
        made = os.listdir(scratch)
        self.assertEqual(made, [f"tlbed-{os.getuid() or NOBODY}"])
        self.assertIn("console.log", os.listdir(os.path.join(scratch, made[0])))


if __name__ == "__main__":
    tap.main()
