#!/usr/bin/env python3
"""Holds every number of the catalogue against a bad and a good schema.

  check.py OTPC CATALOGUE [--update]

A folder OTPdddd has bad.otp, good.otp, what they import, and expected.txt: what `otpc check
bad.otp` prints. The number must be among it; good.otp must give no message at all. A file
`options` has what else stands on the command line. More bad files of the same number are called
bad_<what>.otp, with expected_<what>.txt. --update writes the expected texts anew, to be read before
they are committed. The numbers of input and output are tested with real files in tests/unit/driver,
what `--locked` says in tests/compat.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTED_ELSEWHERE = {630, 950, 951, 952, 953, 954}


def run(otpc, folder, schema):
    options = folder / "options"
    arguments = options.read_text().split() if options.exists() else []
    done = subprocess.run([otpc, "check", *arguments, schema], cwd=folder, capture_output=True,
                          timeout=60)
    return done.returncode, done.stderr.decode()


def check_folder(otpc, folder, severity, update):
    complaints = []
    for bad in sorted(folder.glob("bad*.otp")):
        status, text = run(otpc, folder, bad.name)
        expected_status = 1 if severity == "error" else 0
        if status != expected_status:
            complaints.append(f"{bad.name}: exit status {status}, expected {expected_status}")
        if f"[{folder.name}]" not in text:
            complaints.append(f"{bad.name} does not give {folder.name}:\n{text}")
        golden = folder / ("expected" + bad.stem.removeprefix("bad") + ".txt")
        if update:
            golden.write_text(text)
        elif not golden.exists() or golden.read_text() != text:
            complaints.append(f"{bad.name} prints something else than {golden.name}:\n{text}")
    status, text = run(otpc, folder, "good.otp")
    if status != 0 or text:
        complaints.append(f"good.otp: exit status {status}\n{text}")
    return complaints


def main():
    otpc, catalogue = sys.argv[1:3]
    text = pathlib.Path(catalogue).read_text()
    entries = re.findall(r"^OTP_DIAGNOSTIC\((\d+), \w+, (\w+),\s*\"((?:[^\"\\]|\\.)*)\"", text,
    re.M)
    failed = 0
    for number, severity, message in entries:
        complaints = [] if len(message) <= 100 else [f"the message has {len(message)} characters"]
        folder = HERE / f"OTP{int(number):04d}"
        if folder.is_dir():
            complaints += check_folder(otpc, folder, severity, "--update" in sys.argv)
        elif int(number) not in TESTED_ELSEWHERE:
            complaints.append("there is no folder with a bad and a good schema")
        for complaint in complaints:
            print(f"{folder.name}: {complaint}")
        failed += bool(complaints)
    known = {f"OTP{int(number):04d}" for number, _, _ in entries}
    for folder in sorted(HERE.glob("OTP*")):
        if folder.name not in known:
            print(f"{folder.name}: no such number in the catalogue")
            failed += 1
    print(f"{len(entries)} numbers, {failed} with findings")
    return 1 if failed or not entries else 0


sys.exit(main())
