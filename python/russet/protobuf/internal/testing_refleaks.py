"""Test cases that fail where a test leaves references behind: for interpreters that count them all (`--with-pydebug`), a help for other packages' tests. On others the tests run as they are."""

from __future__ import annotations

import copyreg
import gc
import sys
import unittest
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LocalTestResult", "ReferenceLeakCheckerMixin", "SkipReferenceLeakChecker", "TestCase"]

_T = TypeVar("_T")
_COUNTS = hasattr(sys, "gettotalrefcount")


class LocalTestResult(unittest.TestResult):
    """Tells another result of errors and failures alone."""

    def __init__(self, parent_result: unittest.TestResult) -> None:
        super().__init__()
        self.parent_result = parent_result

    def addError(self, test: Any, error: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """An error."""
        self.parent_result.addError(test, error)

    def addFailure(self, test: Any, error: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A failure."""
        self.parent_result.addFailure(test, error)

    def addSkip(self, test: Any, reason: str) -> None:
        """Not told: the test was skipped before already."""

    def addDuration(self, test: Any, duration: float) -> None:
        """Not told: a test is timed once."""


class ReferenceLeakCheckerMixin:
    """Runs a test until it takes no more references for good, then counts."""

    NB_RUNS = 3
    # Runs until caches are full, and runs that a late collection may spoil.
    _WARM_UPS = 2
    _SPOILT = 2

    def run(self, result: Any = None) -> Any:
        """Runs the test and counts; a test that is expected to fail is left out."""
        test: Any = self
        method = getattr(test, test._testMethodName)
        if any(getattr(one, "__unittest_expecting_failure__", False) for one in (test, method)):
            return
        parent: Any = super()
        self._registry = dict(copyreg.dispatch_table)
        for _ in range(self._WARM_UPS):
            parent.run(result=result)
        local = LocalTestResult(result)
        deltas: list[int] = []
        spoilt = 0
        while len(deltas) < self.NB_RUNS:
            before = self._getRefcounts()
            parent.run(result=local)
            delta = self._getRefcounts() - before
            if delta < 0 and spoilt < self._SPOILT:
                spoilt += 1
            else:
                spoilt = 0
                deltas.append(delta)
        if any(deltas):
            try:
                test.fail(f"references that are left behind in each run: {deltas}")
            except test.failureException:
                result.addError(test, sys.exc_info())

    def _getRefcounts(self) -> int:
        # What the test registered for pickle keeps its classes.
        copyreg.dispatch_table.clear()
        copyreg.dispatch_table.update(self._registry)
        for _ in range(3):
            gc.collect()
        count: int = getattr(sys, "gettotalrefcount")()  # noqa: B009
        return count


def TestCase(test_class: type[_T]) -> type[_T]:
    """A decorator of test cases."""
    if not _COUNTS:
        return test_class
    bases = (ReferenceLeakCheckerMixin, *test_class.__bases__)
    made: Any = type(test_class.__name__, bases, dict(vars(test_class)))
    found: type[_T] = made
    return found


def SkipReferenceLeakChecker(reason: str) -> Callable[[Any], Any]:
    """A decorator of tests that are not to be counted."""
    return unittest.skip(reason) if _COUNTS else lambda function: function
