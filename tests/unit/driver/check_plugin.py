#!/usr/bin/env python3
"""External back ends and the choice of a language: check_plugin.py OTPC SCRATCH

Each back end is a small script. What it makes is written, and only that; whatever it does wrong is
told with its name, and leaves nothing behind.
"""
import json
import pathlib
import shutil
import stat
import subprocess
import sys

otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
shutil.rmtree(scratch, ignore_errors=True)
(scratch / "shop").mkdir(parents=True)
(scratch / "shop/money.otp").write_text("module shop::money;\nstruct Money { cents: i64; }\n")
(scratch / "cart.otp").write_text("module cart;\nimport shop::money { Money };\n"
                                  "server Cart { init(); call total() -> Money; }\n")
findings = []


def back_end(name, text):
    path = scratch / name
    path.write_text(f"#!{sys.executable}\nimport json, sys\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"./{name}"


def gen(*arguments):
    return subprocess.run([otpc, "gen", "--out-dir", "out", *arguments], capture_output=True,
                          text=True, timeout=60, cwd=scratch)


def written():
    out = scratch / "out"
    return {str(file.relative_to(out)): file.read_text() for file in out.rglob("*")
            if file.is_file()}


def expect(what, done, status, *texts):
    if done.returncode != status or not all(text in done.stderr for text in texts):
        findings.append(f"{what}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    if status != 0 and written():
        findings.append(f"{what}: leaves {sorted(written())}")


def answers(value):
    return f"print(json.dumps({value!r}))"


def refused(name, text, status, *texts):
    program = back_end(name, text)
    expect(name, gen("--plugin", program, "cart.otp"), status, *texts)


refused("crashes", "sys.exit('out of paper')", 3, "OTP0953", "ended with status 1",
        "it says: out of paper")
refused("killed", "import os; os.kill(os.getpid(), 9)", 3, "OTP0953", "crashed")
refused("silent", "", 3, "OTP0953", "did not answer with JSON")
refused("talks", "print('here you are')", 3, "OTP0953", "did not answer with JSON")
refused("forgets", answers({"file": []}), 3, "OTP0953", "without an array `files`")
refused("half_a_file", answers({"files": [{"path": "a"}]}), 3, "OTP0953", "`path` and `text`")
refused("half_an_error", answers({"files": [], "errors": ["no"]}), 3, "`message`")
for number, path in enumerate(("../a", "/tmp/a", "a/../../b", "")):
    refused(f"escapes_{number}", answers({"files": [{"path": path, "text": ""}]}), 3, "OTP0953",
            f"outside of the output folder: `{path}`")
refused("twice", answers({"files": [{"path": "a", "text": "1"}, {"path": "A", "text": "2"}]}), 1,
        "OTP0952", "`a` and `A`")
expect("missing", gen("--plugin", "./missing", "cart.otp"), 3, "OTP0953", "`./missing`",
       "cannot be run")
(scratch / "plain").write_text("not a program\n")
expect("not executable", gen("--plugin", "./plain", "cart.otp"), 3, "OTP0953", "cannot be run")
refused("refuses", """
ir = json.load(sys.stdin)
server = [d for m in ir["modules"] for d in m["declarations"] if d["kind"] == "server"][0]
money = [d for m in ir["modules"] for d in m["declarations"] if d["kind"] == "struct"][0]
print(json.dumps({"files": [{"path": "a", "text": "b"}], "errors": [
    {"message": "no servers here", "location": server["location"]},
    {"message": "no structs there", "location": money["location"]},
    {"message": "nowhere", "location": {"file": "lost.otp", "begin": 1, "end": 2}},
    {"message": "off", "location": dict(server["location"], end=10**9)}]}))""", 1,
        "error[OTP0954]: no servers here", "cart.otp:3:8", "server Cart {", "no structs there",
        "money.otp:2:8", "nowhere", "off", "so says the back end")

# One that works: it sees every module, and is not asked at all when the schema is wrong.
lister = back_end("lister", """
ir = json.load(sys.stdin)
open("asked", "a").write("x")
print(json.dumps({"files": [
    {"path": module["name"].replace("::", "/") + ".txt",
     "text": " ".join(d["id"] for d in module["declarations"]) + "\\u00e9\\n"}
    for module in ir["modules"]]}))""")
(scratch / "broken.otp").write_text("module broken;\nserver A { init(); call a() -> Nobody; }\n")
expect("a broken schema", gen("--plugin", lister, "broken.otp"), 1, "OTP0102")
if (scratch / "asked").exists():
    findings.append("a back end was asked about a schema with errors")
expect("lister", gen("--plugin", lister, "--depfile", "d.d", "cart.otp"), 0)
if written() != {"cart.txt": "cart.Cart\u00e9\n", "shop/money.txt": "shop::money.Money\u00e9\n"}:
    findings.append(f"lister: {written()}")
rule = (scratch / "d.d").read_text()
if not rule.startswith("out/shop/money.txt out/cart.txt:") or "cart.otp" not in rule:
    findings.append(f"depfile: {rule}")
before = (scratch / "out/cart.txt").stat().st_mtime_ns
expect("lister again", gen("--plugin", lister, "cart.otp"), 0)
if (scratch / "out/cart.txt").stat().st_mtime_ns != before:
    findings.append("what did not change was written again")
ir = subprocess.run([otpc, "ir", "cart.otp"], capture_output=True, text=True, cwd=scratch).stdout
copier = back_end("copier", 'print(json.dumps({"files": [{"path": "ir.json", '
                  '"text": sys.stdin.read()}]}))')
expect("copier", gen("--plugin", copier, "cart.otp"), 0)
if json.loads(written()["ir.json"]) != json.loads(ir):
    findings.append("a back end gets something else than `otpc ir` prints")
shutil.rmtree(scratch / "out")

expect("an unknown language", gen("--lang", "elxir", "cart.otp"), 2, "cpp|erlang|elixir", "elxir",
       "did you mean `elixir`?")
expect("two back ends", gen("--lang=cpp", "--plugin", lister, "cart.otp"), 2, "exclude each other")
expect("doubles of Erlang", gen("--lang=erlang", "--test-doubles", "cart.otp"), 2, "C++")
(scratch / "alike.otp").write_text("module alike;\nserver FooBar { init(); call a(); }\n"
                                   "server Foo_Bar { init(); call a(); }\n")
expect("two names that become one", gen("--lang=erlang", "alike.otp"), 1, "OTP0952",
       "`alike.FooBar`", "`alike.Foo_Bar`", "alike_foo_bar.erl")
expect("the same for C++", gen("alike.otp"), 0)

for finding in findings:
    print(finding)
print(f"{len(findings)} findings")
sys.exit(1 if findings else 0)
