#!/usr/bin/env python3
"""Which warnings are told, and as what: -W, -Wno-, -Werror, @allow.

  check_warnings.py OTPC SCRATCH
"""
import json
import pathlib
import shutil
import subprocess
import sys

otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
findings = []

TWO = """module test;
alias Left = u8;
server Slow { init(); call get() timeout infinity; }
"""
UNUSED, SLOW, DOC, IDLE = "OTP0114", "OTP0305", "OTP0116", "OTP0121"


def told(text, *options):
    (scratch / "test.otp").write_text(text)
    done = subprocess.run([otpc, "check", "--diagnostics=json", *options, "test.otp"], cwd=scratch,
                          capture_output=True, text=True, timeout=60)
    given = [(each["severity"], each["code"]) for each in json.loads(done.stdout or "[]")]
    return done, given


def expect(what, text, options, *expected):
    """`expected`: codes, a `!` before those that are errors."""
    done, given = told(text, *options)
    wanted = [("error" if code[0] == "!" else "warning", code.strip("!")) for code in expected]
    status = 1 if any(severity == "error" for severity, _ in wanted) else 0
    if given != wanted or done.returncode != status:
        findings.append(f"{what}: {given}, status {done.returncode}, not {wanted}, {status}")


def expect_misuse(option, *texts):
    done, _ = told(TWO, option)
    if done.returncode != 2 or not all(text in done.stderr for text in texts):
        findings.append(f"{option}: status {done.returncode}, says {done.stderr}")


expect("nothing said", TWO, [], UNUSED, SLOW)
expect("-Wno-id", TWO, ["-Wno-unused_type"], SLOW)
expect("-Wno- with dashes", TWO, ["-Wno-unused-type"], SLOW)
expect("-Wno-code", TWO, ["-Wno-OTP0114"], SLOW)
expect("-Wno-group", TWO, ["-Wno-unused", "-Wno-calls"])
expect("the word apart", TWO, ["-W", "no-calls"], UNUSED)
expect("two dashes", TWO, ["--Wno-calls"], UNUSED)
expect("the later word wins", TWO, ["-Wno-unused", "-Wunused_type"], UNUSED, SLOW)
expect("-Werror", TWO, ["-Werror"], "!" + UNUSED, "!" + SLOW)
expect("-Werror=id", TWO, ["-Werror=infinite_timeout"], UNUSED, "!" + SLOW)
expect("-Werror=group", TWO, ["-Werror=calls"], UNUSED, "!" + SLOW)
expect("-Wno-error=group", TWO, ["-Werror", "-Wno-error=calls"], "!" + UNUSED, SLOW)
expect("-Werror and -Wno-", TWO, ["-Werror", "-Wno-unused"], "!" + SLOW)
expect("opted in", TWO, ["-Wdocs", "-Wno-unused", "-Wno-calls"], *[DOC] * 4)
expect("opted in as an error", TWO, ["-Werror=missing_doc"], "!" + DOC, UNUSED, "!" + DOC,
       "!" + DOC, "!" + DOC, SLOW)
expect_misuse("-Wunusd", "no warning `unusd`", "did you mean `unused`?")
expect_misuse("-Wno-call_cycle", "no warning `call_cycle`")
expect_misuse("-Werror=nothing_at_all", "no warning `nothing_at_all`")

LEFT, GET = "alias Left", "call get"


def allowed(before, word, text=TWO):
    return text.replace(before, f'@allow({word}, reason: "a test") {before}')


expect("@allow on a declaration", allowed(LEFT, "unused_type"), [], SLOW)
expect("@allow by code", allowed(LEFT, "OTP0114"), [], SLOW)
expect("@allow on a member", allowed(GET, "infinite_timeout"), [], UNUSED)
expect("@allow on the declaration around", allowed("server", "calls"), [], UNUSED)
expect("@allow of two", allowed("module", "unused, calls"), [])
expect("@allow wins over -Werror", allowed("module", "unused, calls"), ["-Werror"])
expect("@allow elsewhere", allowed("server", "unused_type"), [], UNUSED, IDLE, SLOW)
expect("@allow of what does not happen", allowed(LEFT, "calls"), [], IDLE, UNUSED, SLOW)
expect("@allow of one that is switched off", allowed(LEFT, "unused_type"), ["-Wno-unused"], SLOW)
expect("@allow of one that nobody opted into", allowed(LEFT, "missing_doc"), [], UNUSED, SLOW)
expect("@allow beside an error is not judged", allowed(LEFT, "calls") + "alias B = Missing;\n", [],
       SLOW, "!OTP0102")
expect("an idle @allow may be allowed", allowed("server", "unused_type, unused_allow"), [],
       UNUSED, SLOW)
expect("@allow on a use", "module test;\nserver A { init(); cast put(); }\n"
       "server B { @allow(idle_uses) uses A (call); init(); }\n", [])
expect("@allow on an import", "module test;\n@allow(unused_import) import other { A };\n"
       "alias B = u8;\n", [], "!OTP0104")
(scratch / "other.otp").write_text("module other;\nstruct A { x: u8; }\n")
expect("@allow on an import that is there", "module test;\n@allow(unused_import) "
       "import other { A };\nalias B = u8;\n", [])
expect("annotations that nobody reads", "module test;\n@deferred import other { A };\n"
       "server B { @deferred terminate; @private init(); call get(x: A); }\n", [],
       "!OTP0300", "!OTP0300", "!OTP0300")

for finding in findings:
    print(finding)
print(f"{len(findings)} findings")
sys.exit(1 if findings else 0)
