#!/usr/bin/env python3
"""What `otpc compat` takes for a breaking change: check_compat.py OTPC SCRATCH

Each pair of schemas is compared directly and by the contract file of the first.
"""
import pathlib
import shutil
import subprocess
import sys

otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
findings = []


def write(name, text):
    (scratch / name).write_text(text)
    return name


def expect(what, arguments, status, *texts, errors=None):
    done = subprocess.run([otpc, *arguments], capture_output=True, text=True, timeout=60,
                          cwd=scratch)
    if done.returncode != status:
        findings.append(f"{what}: exit status {done.returncode}, not {status}\n{done.stderr}")
    findings.extend(f"{what}: does not say {text!r}\n{done.stderr}" for text in texts
                    if text not in done.stderr)
    if errors is not None and done.stderr.count("error[") != errors:
        findings.append(f"{what}: not {errors} errors\n{done.stderr}")


def compare(what, before, after, status, *texts):
    write("old.otp", "module a;\n" + before)
    write("a.otp", "module a;\n" + before)
    expect(what + ": accepted", ["compat", "--accept", "a.otp"], 0)
    write("a.otp", "module a;\n" + after)
    for old in (["old.otp"], ["a.otp.lock"], []):
        expect(f"{what}, {old}", ["compat", *old, "a.otp"], status, *texts, errors=len(texts))


POINT = "struct Point { x: i32; y: i32 = 0; }\n"
CART = "server Cart { init(); call add(n: u32) -> u32; cast put(n: u32); }\n"
SIZED = "protocol Sized { call size() -> u32; }\nserver L : Sized { init(); }\n"
BREAKING = [
    ("a field that is gone", POINT, "struct Point { y: i32 = 0; }\n", "`Point.x` is gone"),
    ("another type", POINT, POINT.replace("x: i32", "x: i64"), "was `i32` and is `i64`"),
    ("a field without a default", POINT, POINT.replace("}", "z: u8; }"), "`Point.z` is new"),
    ("a default that is gone", POINT, POINT.replace(" = 0", ""), "no default any more"),
    ("a call that was a cast", CART, CART.replace("cast", "call"), "was cast and is call"),
    ("another result", CART, CART.replace("-> u32", "-> u64"), "was `-> u32` and is `-> u64`"),
    ("a result that is gone", CART, CART.replace("-> u32", ""), "was `-> u32` and is nothing"),
    ("a parameter more", CART, CART.replace("put(n: u32", "put(n: u32, m: u32"),
     "`Cart.put.m` is new"),
    ("parameters that change places", CART.replace("add(n: u32", "add(n: u32, m: u32"),
     CART.replace("add(n: u32", "add(m: u32, n: u32"), "was parameter 1 and is parameter 2",
     "was parameter 2 and is parameter 1"),
    ("a server that is gone", POINT + CART, POINT, "`Cart` is gone"),
    ("a member of a closed enum", "enum E { a; }\n", "enum E { a; b; }\n", "`E.b` is new"),
    ("a case of a union", "union U { a; }\n", "union U { a; b; }\n", "`U.b` is new"),
    ("an error that is thrown", "error F { busy; }\n" + CART,
     "error F { busy; }\n" + CART.replace("-> u32", "-> u32 throws F"), "throws F"),
    ("the key of a registry", "registry R { unique; key i64; }\n",
     "registry R { unique; key string; }\n", "`unique, key i64`"),
    ("what an agent holds", "agent A { u8; }\n", "agent A { u16; }\n", "was `u8` and is `u16`"),
    ("a protocol that changes is told once", SIZED, SIZED.replace("-> u32", "-> u64"),
     "`Sized.size` was"),
    ("a protocol that is left out", SIZED, SIZED.replace("L : Sized", "L"), "`L.Sized` is gone"),
    ("an event that is gone", "events V { event a; event b; }\n", "events V { event a; }\n",
     "`V.b` is gone"),
]
HARMLESS = [
    ("nothing changed", POINT + CART, CART + POINT),
    ("a field with a default", POINT, POINT.replace("}", "z: u8 = 1; w: string?; }")),
    ("a field with a default that is gone", POINT, "struct Point { x: i32; }\n"),
    ("an enum that is opened", "enum E { a; }\n", "enum E { a; .. }\n"),
    ("a member of an open enum", "enum E { a; .. }\n", "enum E { a; b; .. }\n"),
    ("a trailing parameter with a default", CART,
     CART.replace("put(n: u32", "put(n: u32, m: u32 = 1")),
    ("another call and another server", CART, CART.replace("}", "call get(); }") + POINT),
    ("an alias for the same", POINT, "alias X = i32;\n" + POINT.replace("x: i32", "x: X")),
    ("an event more", "events V { event a; }\n", "events V { event a; event b; }\n"),
]
for what, before, after, *texts in BREAKING:
    compare(what, before, after, 1, *texts)
for case in HARMLESS:
    compare(*case, 0)

STATE = "module a version {};\nserver A {{ init(); state {{ n: {}; }} {} call get(); }}\n"
expect("a state is accepted",
       ["compat", "--accept", write("up.otp", STATE.format(2, "u8", "upgrade from 1;"))], 0)
write("up.otp", STATE.format(3, "u16", "upgrade from 2;"))
expect("a state that is migrated", ["compat", "up.otp"], 0, errors=0)
write("up.otp", STATE.format(3, "u16", ""))
expect("a state that is not migrated", ["compat", "up.otp"], 1, "OTP0336", "from version 2")
expect("C++ of an upgrade", ["gen", "--out-dir", "out",
                             write("up2.otp", STATE.format(2, "u8", "upgrade from 1;"))], 1,
       "OTP0900", "`upgrade` in C++")
write("good.otp", "module good;\n" + POINT)
expect("no contract file", ["compat", "good.otp"], 3, "good.otp.lock", "--accept")
expect("a contract file of another kind", ["compat", write("x.lock", "[1]"), "good.otp"], 1,
       "OTP0601", "x.lock")
expect("compat of three files", ["compat", "a.otp", "b.otp", "c.otp"], 2, "OLD and NEW")
expect("a revision that is none", ["compat", "no-such-revision", "good.otp"], 3, "git")

REPOSITORY = """mkdir -p repo/sub && cd repo && git init -q . && git config user.name t &&
git config user.email t@t &&
printf 'module a;\\nimport b { B };\\nstruct A { b: B; }\\n' > sub/a.otp &&
printf 'module b;\\nstruct B { x: u8; }\\n' > sub/b.otp && git add . && git commit -qm one &&
printf 'module a;\\nimport b { C };\\nstruct A { b: C; }\\n' > sub/a.otp &&
printf 'module b;\\nstruct C { x: u8; }\\n' > sub/b.otp"""
if shutil.which("git"):
    subprocess.run(REPOSITORY, shell=True, cwd=scratch, check=True)
    expect("against a revision", ["compat", "HEAD", "repo/sub/a.otp"], 1,
           "`A.b` was `B` and is `C`", errors=1)
else:
    print("git is not installed: compat against a revision is not tested")

for finding in findings:
    print(finding)
print(f"{len(BREAKING)} breaking and {len(HARMLESS)} harmless changes, {len(findings)} findings")
sys.exit(1 if findings else 0)
