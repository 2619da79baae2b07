#!/usr/bin/env python3
"""One model, several renderings: text, JSON and SARIF tell the same, on any line of any file.

  check_renderings.py OTPC SCRATCH

For every bad schema: the same diagnostics in the same order, that of the source; SARIF follows its
JSON Schema. Then lines with tabs, CRLF, letters of several bytes and of two columns; colour; the
limit of what is shown; what readers of other languages write out of habit.
"""
import json
import os
import pathlib
import pty
import re
import subprocess
import sys

otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
here = pathlib.Path(__file__).resolve().parent
scratch.mkdir(parents=True, exist_ok=True)
findings = []
try:
    import jsonschema
    validator = jsonschema.Draft7Validator(json.loads((here / "sarif_2_1_0.json").read_text()))
except ImportError:
    validator = None
    print("python3-jsonschema is not installed: SARIF is not held against its schema")

HEAD = re.compile(r"^(error|warning)\[(OTP\d{4})\]: (.*)\n(?: *--> (.*):(\d+):(\d+)\n)?", re.M)
# (what is written, a word of the help)
HABITS = [
    ("def add(x) do", "declared with `call`"), ("call add() do", "between `{` and `}`"),
    ("handle_call add();", "write `call"), ("handle_cast add();", "write `cast"),
    ("handle_info add();", "write `info"), ("rpc Add();", "write `call"),
    ("returns x;", "behind `->`"), ("repeated string x;", "list<type>"),
    ("optional string x;", "ends in `?`"), ("call add() end", "closed with `}`"),
    ("void add();", "no `->`"), ("int x;", "i8 to i64"), ("call add()\n  call get()", "`;`"),
]
TOP_HABITS = [("defmodule A {\n}", "module name"), ("package a;", "module name"),
              ("message A {\n}", "struct Name"), ("service A {\n}", "server Name"),
              ("class A {\n}", "struct Name"), ("namespace a {\n}", "module name"),
              ("GenServer A {\n}", "server Name")]


def run(*arguments, cwd=scratch, **more):
    return subprocess.run([otpc, *arguments], cwd=cwd, capture_output=True, timeout=60, **more)


def write(name, text):
    (scratch / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def as_text(printed):
    return [(severity, code, message, file or None, int(line or 0), int(column or 0))
            for severity, code, message, file, line, column in HEAD.findall(printed)]


def as_json(printed):
    return [(each["severity"], each["code"], each["message"], each.get("file"),
             each.get("line", 0), each.get("column", 0)) for each in json.loads(printed)]


def as_sarif(printed, name):
    log = json.loads(printed)
    if validator is not None:
        for error in validator.iter_errors(log):
            findings.append(f"{name}: SARIF: {error.message[:200]}")
    rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    told = []
    for each in log["runs"][0]["results"]:
        if rules[each["ruleIndex"]] != each["ruleId"]:
            findings.append(f"{name}: SARIF: rule {each['ruleIndex']} is not {each['ruleId']}")
        place = each.get("locations", [{}])[0].get("physicalLocation", {})
        region = place.get("region", {})
        told.append((each["level"], each["ruleId"], each["message"]["text"].split("\n")[0],
                     place.get("artifactLocation", {}).get("uri"), region.get("startLine", 0),
                     region.get("startColumn", 0)))
    return told


def check_same(folder, schema):
    name = f"{folder.name}/{schema}"
    options = folder / "options"
    command = ["check"]
    command += options.read_text().split() if options.exists() else []
    text = as_text(run(*command, schema, cwd=folder).stderr.decode())
    printed = run(*command, "--diagnostics=json", schema, cwd=folder).stdout
    told = as_json(printed)
    sarif = as_sarif(run(*command, "--diagnostics=sarif", schema, cwd=folder).stdout, name)
    if text != told[:50] or told != sarif or not told:
        findings.append(f"{name}: text {text}\n  JSON {told}\n  SARIF {sarif}")
    own = [(each[4], each[5]) for each in told if each[3] == schema]
    if own != sorted(own):
        findings.append(f"{name}: not in the order of the source")
    for each in json.loads(printed):
        begin, end = (each.get("line"), each.get("column")), (each.get("endLine"),
                                                              each.get("endColumn"))
        if begin[0] is not None and begin > end:
            findings.append(f"{name}: ends before it begins: {each}")
        if len(each["message"]) > 100 or each["message"].endswith("."):
            findings.append(f"{name}: the message {each['message']!r}")
    return len(told)


def check_underline(what, line, wanted, ending="\n"):
    """The underline stands below `wanted`, seen on a terminal."""
    write("line.otp", f"module line;{ending}{line}{ending}".encode())
    printed = run("check", "line.otp").stderr.decode()
    shown = re.search(r"^2 \| (.*)\n +\| ( *)(\^+)$", printed, re.M)
    if not shown:
        findings.append(f"{what}: no underline\n{printed}")
        return
    width = sum(2 if ord(each) > 0x2E80 else 1 for each in shown[1].partition(wanted)[0])
    size = sum(2 if ord(each) > 0x2E80 else 1 for each in wanted)
    if (len(shown[2]), len(shown[3])) != (width, size):
        findings.append(f"{what}: below column {len(shown[2])}, not {width}\n{printed}")


def on_terminal(environment):
    parent, child = pty.openpty()
    done = subprocess.Popen([otpc, "check", "line.otp"], cwd=scratch, stderr=child,
                            env={**os.environ, **environment})
    os.close(child)
    printed = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:
            break
        if not part:
            break
        printed += part
    done.wait(60)
    os.close(parent)
    return printed.decode()


total = sum(check_same(bad.parent, bad.name) for bad in sorted(here.glob("OTP*/bad*.otp")))

check_underline("a tab", "struct A {\tx: Missing; }", "Missing")
check_underline("CRLF", "struct A { x: Missing; }", "Missing", "\r\n")
check_underline("two bytes", "struct A { /* äöü */ x: Missing; }", "Missing")
check_underline("two columns", "struct A { /* 漢字 */ x: Missing; }", "Missing")
check_underline("a long line", "struct A { /* " + "x" * 300 + " */ x: Missing; }", "Missing")

environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
os.environ.pop("NO_COLOR", None)
if "\x1b[" not in on_terminal({"TERM": "xterm"}):
    findings.append("no colour on a terminal")
if "\x1b[" in on_terminal({"TERM": "xterm", "NO_COLOR": "1"}):
    findings.append("NO_COLOR is not honoured")
if b"\x1b[" in run("check", "line.otp").stderr:
    findings.append("colour where there is no terminal")

write("many.otp", "module many;\n" + "".join(f"alias A{i} = Missing{i}x;\n" for i in range(60)))
printed = run("check", "many.otp").stderr.decode()
if len(as_text(printed)) != 50 or "60 errors (the first 50 are shown)" not in printed:
    findings.append(f"of 60 errors {len(as_text(printed))} are shown\n{printed[-200:]}")

for text, help_text in [(f"server A {{\n  init();\n  {habit}\n}}\n", wanted)
                        for habit, wanted in HABITS] + TOP_HABITS:
    write("habit.otp", "module habit;\n" + text)
    printed = run("check", "habit.otp").stderr.decode()
    if not any(help_text in line for line in printed.splitlines() if "= help:" in line):
        findings.append(f"{text!r}: no help says {help_text!r}\n{printed}")

for finding in findings:
    print(finding)
print(f"{total} diagnostics in three renderings, {len(HABITS) + len(TOP_HABITS)} habits, "
      f"{len(findings)} findings")
sys.exit(1 if findings or total < 100 else 0)
