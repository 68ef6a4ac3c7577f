"""Merges meson's JUnit reports and the checks that are commands into one file.

junit.py OUT CHECKS REPORT...   CHECKS has a line "ok|failed TAB NAME" for each check.
"""

import pathlib
import sys
import xml.etree.ElementTree as xml

out, checks, *reports = sys.argv[1:]
merged = xml.Element("testsuites")
for report in reports:
    build = pathlib.Path(report).parts[-3]
    for suite in xml.parse(report).getroot().iter("testsuite"):
        suite.set("name", f"{build}: {suite.get('name')}")
        merged.append(suite)
lines = pathlib.Path(checks).read_text().splitlines() if pathlib.Path(checks).exists() else []
if lines:
    failed = sum(line.startswith("failed") for line in lines)
    suite = xml.SubElement(merged, "testsuite", name="checks", tests=str(len(lines)), failures=str(failed))
    for line in lines:
        verdict, name = line.split("\t", 1)
        case = xml.SubElement(suite, "testcase", name=name, classname="checks")
        if verdict != "ok":
            xml.SubElement(case, "failure", message="see the output of tests/run")
xml.ElementTree(merged).write(out, encoding="utf-8", xml_declaration=True)
