# SPDX-License-Identifier: MIT
"""unittest with TAP on standard output, and what the runner's tests share."""

import os
import signal
import sys
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))


# A background job, or nohup, ignores some of these, and what is ignored stays so in the
# programs that are tested for how they take them.
for _signal in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(_signal, signal.SIG_DFL)


class TapResult(unittest.TestResult):
    """One result line a test method."""

    def _line(self, test, good, detail="", directive=""):
        self.count = getattr(self, "count", 0) + 1
        for line in detail.splitlines():
            print(f"# {line}")
        name = test.id().split(".", 1)[1]
        print(f"{'' if good else 'not '}ok {self.count} - {name}{directive}", flush=True)

    def addSuccess(self, test):
        self._line(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(test, False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line(test, False, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:  # unittest reports nothing more for the test itself then
            kind = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._line(subtest, False, kind[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(test, True, directive=f" # SKIP {reason}")


class ScratchCase(unittest.TestCase):
    """A test with a folder of its own in `self.folder`; the space in its name is meant."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="tlbed test ")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def program(self, name, text):
        """Writes an executable script and returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path


def main():
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = TapResult()
    tests.run(result)
    print(f"1..{getattr(result, 'count', 0)}")
    sys.exit(0 if result.wasSuccessful() else 1)
