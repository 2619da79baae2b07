#!/usr/bin/env python3
"""`otpc completion` in the shells that are installed: check_completion.py OTPC SCRATCH"""
import pathlib
import re
import shutil
import subprocess
import sys

otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
shutil.rmtree(scratch, ignore_errors=True)
(scratch / "folder").mkdir(parents=True)
for name in ("shop.otp", "till.otp", "notes.txt"):
    (scratch / name).write_text("")
findings = []


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60,
                          cwd=scratch)


def offered(*words):
    """What bash offers for the last of the words, cut where bash cuts."""
    cut = [part for word in ("otpc", *words) for part in re.split("(=)", word)]
    if words[-1].endswith("="):
        cut.pop()
    line = " ".join(f"'{word}'" for word in cut)
    script = (f"{run(otpc, 'completion', 'bash').stdout}\nCOMP_WORDS=({line})\n"
              f"COMP_CWORD={len(cut) - 1}\n_otpc\n" + 'printf "%s\\n" "${COMPREPLY[@]}"')
    done = run("bash", stdin=script)
    if done.stderr:
        findings.append(f"bash: {done.stderr}")
    return set(done.stdout.split())


def expect(words, expected):
    given = offered(*words)
    if given != set(expected):
        findings.append(f"{words}: {sorted(given)}, not {sorted(expected)}")


top = run(otpc, "--help").stdout
commands = re.findall(r"^  (\w+) +- ", top, re.M)
expect([""], [*commands, "--help", "--version"])
expect(["gr"], ["graph"])
for command in commands:
    told = re.findall(r"^  (--?\w[\w-]*)", run(otpc, command, "--help").stdout, re.M)
    expect([command, "-"], [each for each in told if each != "--help-list"])
expect(["graph", "--kind", ""], ["supervision", "calls", "statem"])
expect(["graph", "--kind="], ["supervision", "calls", "statem"])
expect(["graph", "--kind=su"], ["supervision"])
expect(["check", ""], ["shop.otp", "till.otp", "folder"])
expect(["check", "t"], ["till.otp"])
expect(["gen", "--depfile", ""], ["shop.otp", "till.otp", "notes.txt", "folder"])
expect(["gen", "--out-dir", ""], ["folder"])
expect(["gen", "-I", ""], ["folder"])
expect(["explain", "OTP095"], [f"OTP095{digit}" for digit in range(5)])
expect(["completion", ""], ["bash", "zsh", "fish"])

for shell in ("zsh", "fish"):
    script = run(otpc, "completion", shell).stdout
    for command in commands:
        if command not in script:
            findings.append(f"{shell}: says nothing of {command}")
    if not shutil.which(shell):
        print(f"{shell} is not installed: its script is not read by it")
        continue
    (scratch / shell).write_text(script)
    done = run(shell, "-n", shell)
    if done.returncode != 0 or done.stderr:
        findings.append(f"{shell}: {done.stderr}")

for shell in ("tcsh", ""):
    done = run(otpc, "completion", shell)
    if done.returncode != 2 or "bash|zsh|fish" not in done.stderr:
        findings.append(f"completion {shell!r}: {done.returncode} {done.stderr}")

for finding in findings:
    print(finding)
print(f"{len(commands)} commands, {len(findings)} findings")
sys.exit(1 if findings or not commands else 0)
