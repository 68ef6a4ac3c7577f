#!/usr/bin/env python3
"""Counts test cases in meson's testlog.json: summary.py TESTLOG -> "PASSED FAILED" on standard output.

A doctest program counts with the cases of its own summary line; any other test counts as one case. A test that
crashed, ran into its time limit or failed without a failed case counts as one failed case more.
"""
import json
import re
import sys

SUMMARY = re.compile(r"\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed")


def main(path):
    passed = failed = 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            test = json.loads(line)
            if test["result"] in ("SKIP", "IGNORED"):
                continue
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            found = SUMMARY.findall(re.sub(r"\x1b\[[0-9;]*m", "", test.get("stdout") or ""))
            own_passed = sum(int(p) for p, _ in found)
            own_failed = sum(int(f) for _, f in found)
            if not found and good:
                own_passed = 1
            if not good and own_failed == 0:
                own_failed = 1
            passed += own_passed
            failed += own_failed
            mark = "ok  " if good else "FAIL"
            sys.stderr.write(f"{mark} {test['name']}: {own_passed} passed, {own_failed} failed "
                             f"({test['duration']:.1f} s{'' if good else ', ' + test['result']})\n")
    print(passed, failed)


main(sys.argv[1])
