#!/usr/bin/env python3
"""Proves the rules of the project that a script can prove.

usage: check.py ROOT [RULE...]      prints one line per finding; exit status 1 when there is one
"""

import sys

import include_rules
import text_rules
from source_tree import read_tree

CHECKS = {check.__name__.removeprefix("check_"): check
          for check in include_rules.CHECKS + text_rules.CHECKS}


def findings_in(files, rules):
    return sorted({finding for rule in rules for finding in CHECKS[rule](files)})


def main(arguments):
    rules = arguments[1:] or list(CHECKS)
    unknown = [rule for rule in rules if rule not in CHECKS]
    if not arguments or unknown:
        print(__doc__.strip(), f"\nrules: {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    files = read_tree(arguments[0])
    if not any(file.path == "CMakeLists.txt" for file in files):
        print(f"check.py: {arguments[0]} is not the root of the project", file=sys.stderr)
        return 2
    findings = findings_in(files, rules)
    for finding in findings:
        print(finding)
    print(f"style: {len(files)} files, {len(rules)} rules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
