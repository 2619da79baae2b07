#!/usr/bin/env python3
"""Whole schemas with mistakes planted in them: each is told at its line, and nothing else is.

  check_planted.py OTPC

In planted/, a schema or a folder of modules, a line ends in `// expect: CODE...`: the errors and
warnings that it has, all of them. What is not marked must not be told.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

otpc = str(pathlib.Path(sys.argv[1]).resolve())
folder = pathlib.Path(__file__).resolve().parent / "planted"


def planted_in(files):
    marks = collections.Counter()
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for code in re.findall(r"OTP\d{4}", line.partition("// expect:")[2]):
                marks[str(file.relative_to(folder)), number, code] += 1
    return marks


def told_about(files):
    names = [str(file.relative_to(folder)) for file in files]
    done = subprocess.run([otpc, "check", "-I", ".", "--diagnostics=json", *names], cwd=folder,
                          capture_output=True, text=True, timeout=60)
    return collections.Counter((pathlib.PurePath(each["file"]).as_posix(), each["line"],
                                each["code"]) for each in json.loads(done.stdout))


def differences(planted, told):
    return ([f"{file}:{line}: {code} is not told"
             for file, line, code in sorted((planted - told).elements())] +
            [f"{file}:{line}: {code} is told"
             for file, line, code in sorted((told - planted).elements())])


findings = []
kinds = set()
units = [each for each in sorted(folder.iterdir()) if each.suffix != ".lock"]
for unit in units:
    files = sorted(unit.glob("*.otp")) if unit.is_dir() else [unit]
    planted, told = planted_in(files), told_about(files)
    findings += differences(planted, told)
    kinds |= {code for _, _, code in planted}
    # The comparison itself: one mark less, or one more, is noticed.
    for place in planted:
        less = planted - collections.Counter([place])
        more = planted + collections.Counter([place])
        if planted == told and not (differences(less, told) and differences(more, told)):
            findings.append(f"{place}: a mark more or less is not noticed")
for finding in findings:
    print(finding)
print(f"{len(units)} schemas, {len(kinds)} kinds of mistakes, {len(findings)} findings")
sys.exit(1 if findings or len(units) < 10 or len(kinds) < 70 else 0)
