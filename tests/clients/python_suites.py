"""Runs unittest suites and prints each test's outcome, sorted: no times, no order, so that two runs can be compared.

usage: python_suites.py MODULE[:PATTERN...]...      PATTERN: part of a test's name; default: all"""
import signal
import sys
import unittest


class Outcomes(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.outcomes = []

    def note(self, test, outcome):
        self.outcomes.append(f"{test.id() if hasattr(test, 'id') else test} {outcome}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "ok")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, f"error {err[0].__name__}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, f"skipped: {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "failed as expected")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "succeeded unexpectedly")


# These fail on a busy machine whatever is preloaded: they measure how long something took, or wait briefly for others.
TIMED = ("timeout", "Barrier")


def each(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def load(words):
    suite = unittest.TestSuite()
    for word in words:
        module, *patterns = word.split(":")
        loader = unittest.TestLoader()
        loader.testNamePatterns = [f"*{pattern}*" for pattern in patterns] or None
        tests = each(loader.loadTestsFromName(module))
        suite.addTests(test for test in tests if not any(word in test.id() for word in TIMED))
    return suite


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
    results, sys.stdout = sys.stdout, sys.stderr  # some tests print
    runner = unittest.TextTestRunner(resultclass=Outcomes, verbosity=2)
    result = runner.run(load(sys.argv[1:]))
    print("\n".join(sorted(result.outcomes)), file=results)
    return not result.outcomes or not result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
