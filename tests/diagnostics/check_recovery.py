#!/usr/bin/env python3
"""Several independent mistakes in one file are told in one run, each once, and nothing else.

  check_recovery.py OTPC

In recovery/*.otp a line ends in `//~ CODE...`: the errors that it has, all of them.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

otpc = str(pathlib.Path(sys.argv[1]).resolve())
folder = pathlib.Path(__file__).resolve().parent / "recovery"
findings = []
expected_in_all = 0
for schema in sorted(folder.glob("*.otp")):
    expected = collections.Counter()
    for number, line in enumerate(schema.read_text().splitlines(), 1):
        for code in re.findall(r"OTP\d{4}", line.partition("//~")[2]):
            expected[number, code] += 1
    done = subprocess.run([otpc, "check", "--diagnostics=json", schema.name], cwd=folder,
                          capture_output=True, text=True, timeout=60)
    told = [each for each in json.loads(done.stdout) if each["severity"] == "error"]
    given = collections.Counter((each["line"], each["code"]) for each in told)
    if done.returncode != 1:
        findings.append(f"{schema.name}: exit status {done.returncode}")
    findings += [f"{schema.name}:{line}: {code} is not told"
                 for line, code in sorted((expected - given).elements())]
    findings += [f"{schema.name}:{each['line']}: {each['code']} is told: {each['message']}"
                 for each in told if given[each["line"], each["code"]] >
                 expected[each["line"], each["code"]]]
    expected_in_all += expected.total()
for finding in findings:
    print(finding)
print(f"{expected_in_all} mistakes, {len(findings)} findings")
sys.exit(1 if findings or expected_in_all < 30 else 0)
