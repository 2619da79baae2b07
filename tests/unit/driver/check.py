#!/usr/bin/env python3
"""Bad input to the real program: check.py OTPC SCRATCH. Each must give its exit status and a
message that names the place,
and leave no output behind.
"""
import json
import pathlib
import shutil
import subprocess
import sys

otpc = sys.argv[1]
scratch = pathlib.Path(sys.argv[2])
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
findings = []
GOOD = "module good;\nstruct A { x: u8; }\n"


def write(name, content):
    path = scratch / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def expect(what, arguments, status, *texts, out="out", absent=None, stdin=None):
    done = subprocess.run([otpc, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=stdin, timeout=60, cwd=scratch)
    printed = done.stderr.decode(errors="replace")
    if done.returncode != status:
        findings.append(f"{what}: exit status {done.returncode}, not {status}\n{printed[:500]}")
    for text in texts:
        if text not in printed:
            findings.append(f"{what}: does not say {text!r}\n{printed[:500]}")
    if absent is not None and absent in printed:
        findings.append(f"{what}: says {absent!r}\n{printed[:500]}")
    if len(printed) > 3000:
        findings.append(f"{what}: prints {len(printed)} characters")
    left = [str(each) for each in (scratch / out).rglob("*") if each.is_file()] if status else []
    if left:
        findings.append(f"{what}: leaves {left}")


gen = ["gen", "--out-dir", "out"]
expect("a file that does not exist", [*gen, "missing.otp"], 3, "missing.otp", "No such file",
        "help")
expect("a folder", [*gen, "."], 3, "it is a folder")
expect("an empty file", [*gen, write("empty.otp", "")], 1, "declares nothing", "empty.otp:1:1")
expect("a binary file", [*gen, write("binary.otp", bytes(range(256)) * 10)], 1, "not UTF-8",
        "binary.otp:")
expect("a line of 10 MB", [*gen, write("long.otp", "module long; // " + "x" * 10_000_000)], 1,
        "long.otp:1:1", "characters")
expect("an unknown import", [*gen, write("lost.otp", "module lost;\nimport a::b { C };\n")], 1,
        "`a::b` is not found", "looked for")
write("far/base.otp", "module far::base;\nstruct C { x: u8; }\n")
write("far/away.otp", "module far::away;\nimport far::base { C };\nalias A = C;\n")
expect("an import from the folder above", [*gen, "far/away.otp"], 1,
        "`far::base` is not found", "looked for far/far/base.otp", "in with `-I .`")
write("round.otp", "module round;\nimport square { S };\nalias T = S;\n")
write("square.otp", "module square;\nimport round { T };\nalias S = T;\n")
expect("a cyclic import", [*gen, "round.otp"], 1, "import each other: round -> square -> round")
write("plain", "a file, not a folder")
expect("an output that cannot be written", ["gen", "--out-dir", "plain/out", write("good.otp",
        GOOD)], 3, "cannot write", "plain/out")
expect("a wrong flag", ["gen", "--outdir", "out", "good.otp"], 2, "--outdir", "--out-dir")
expect("nothing to do", [], 2, "say what to do", "check", "gen")
expect("a flag that is near to none", ["check", "--nope"], 2, "--nope", absent="Did you mean")
expect("arguments in a file that is not there", ["gen", "@nope"], 3, "`nope`: No such file")
expect("a schema that has no end", ["check", "/dev/zero"], 3,
       "`/dev/zero`: it has more than 64 MiB")
expect("standard input without an end", ["format", "-"], 3, "it has more than 64 MiB",
       stdin=open("/dev/zero", "rb"))
expect("standard input as JSON", ["format", "--diagnostics=json", "-"], 2, "--diagnostics")
expect("an unknown command", ["genn"], 2, "genn", "gen")
expect("an unknown way to print", ["check", "--diagnostics=xml", "good.otp"], 2, "text|json", "xml")
expect("an unknown number", ["explain", "OTP0103x"], 2, "OTP0103x", "did you mean `OTP0103`?")
expect("a number that looks like none", ["explain", "everything"], 2, "`otpc explain` lists")
expect("no file", gen, 2, "at least one schema")
expect("no output folder", ["gen", "good.otp"], 2, "--out-dir")
expect("one good and one broken file", [*gen, "good.otp", write("broken.otp",
        "module broken;\nstruct {\n")], 1, "broken.otp")
expect("a deep nest", [*gen, write("deep.otp", "module deep;\nalias A = " + "list<\n" * 50_000)],
        1, "levels deep")
expect("very many members", ["check", write("many.otp", "module many;\nenum E {\n"
        + "".join(f"m{i};\n" for i in range(20_000)) + "}\n")], 0)
expect("CRLF and a byte order mark", ["check", write("crlf.otp",
        "\ufeffmodule crlf;\r\nstruct A { x: u8; }\r\n")], 0)
expect("a mistake behind a byte order mark", ["check", write("bom.otp",
        "\ufeffmodule bom;\nstruct A { x: u9; }\n")], 1, "bom.otp:2:15", "`u9`")
expect("a response file", ["check", "@" + write("files.rsp", "good.otp")], 0)

# Colours on demand, also where nobody looks.
for option, wanted in (("--color", True), ("--color=true", True), ("--color=false", False)):
    for command in ("check", "format"):
        done = subprocess.run([otpc, command, option, "broken.otp"], cwd=scratch,
                              capture_output=True)
        if (b"\x1b[" in done.stderr) != wanted:
            findings.append(f"{command} {option}: {done.stderr}")
# Of several files one document.
done = subprocess.run([otpc, "format", "--diagnostics=json", "binary.otp", "good.otp", "long.otp"],
                      cwd=scratch, capture_output=True, text=True)
if {each["file"] for each in json.loads(done.stdout)} != {"binary.otp", "long.otp"}:
    findings.append(f"format --diagnostics=json: {done.returncode} {done.stdout}{done.stderr}")

subprocess.run([otpc, *gen, "--depfile", "d.d", "good.otp"], cwd=scratch, check=True)
rule = (scratch / "d.d").read_text()
if not rule.startswith("out/good.otp.h out/good.otp.cpp:") or "good.otp" not in rule.split(":")[1]:
    findings.append(f"depfile: {rule}")

# What was made before and is no more goes, with its folders; nothing else does.
def made(*arguments):
    subprocess.run([otpc, "gen", "--out-dir", "kept", "--manifest", "kept.manifest", *arguments],
                   cwd=scratch, check=True)
    return sorted(str(path.relative_to(scratch / "kept")) for path in (scratch / "kept").rglob("*"))


write("kept/mine.txt", "not made by otpc")
both = [write("stay/one.otp", "module stay::one;\nstruct A { x: u8; }\n"),
        write("stay/deep/two.otp", "module stay::deep::two;\nstruct A { x: u8; }\n")]
of_one = ["mine.txt", "stay", "stay/one.otp.cpp", "stay/one.otp.h"]
if (found := made("-I", ".", *both)) != sorted([*of_one, "stay/deep", "stay/deep/two.otp.cpp",
                                                "stay/deep/two.otp.h"]):
    findings.append(f"manifest: two schemas make {found}")
if (found := made("-I", ".", both[0])) != of_one:
    findings.append(f"manifest: one schema leaves {found}")
write("kept.manifest", "../good.otp\n/mine.txt\nstay/../mine.txt\n")
if (found := made("-I", ".", both[0])) != of_one or not (scratch / "good.otp").exists():
    findings.append(f"manifest: a path that leads out of the folder leaves {found}")
write("clients.otp", "module clients;\nserver A { init(); call a(); }\n"
      "server B { init(); call b(); }\n")
if "clients_b.erl" not in (found := made("--lang=erlang", "clients.otp")) or "stay" in found:
    findings.append(f"manifest: Erlang gets {found}")
write("clients.otp", "module clients;\nserver A { init(); call a(); }\n")
if "clients_b.erl" in (found := made("--lang=erlang", "clients.otp")):
    findings.append(f"manifest: a declaration less leaves {found}")
written = (scratch / "kept.manifest").read_text()
expect("a broken schema", ["gen", "--out-dir", "kept", "--manifest", "kept.manifest",
        "broken.otp"], 1, out="none")
if (scratch / "kept.manifest").read_text() != written or "clients_a.erl" not in written:
    findings.append(f"manifest: it says {written}")

# A module of a newer language brings one error, not a hundred, also where it is imported.
write("newer.otp", "@language(9) module newer;\n§ this ~ is not ours {\nstruct A { x: u8; }\n")
expect("a newer language", ["check", write("uses_newer.otp",
        "module uses_newer;\nimport newer { A, B };\nalias C = A;\nalias D = B;\n")], 1,
       "OTP0117", "1 error", out="none")

# Too little memory is a fault that no schema is to blame for.
write("huge.otp", "module huge;\n" + "".join(
    f"struct M{i} {{ a: list<u32>; b: map<string, u32>; c: string; }}\n" for i in range(40_000)))
limited = f'ulimit -v 60000; exec "{otpc}" '
if subprocess.run(["bash", "-c", limited + "--version"], capture_output=True).returncode == 0:
    done = subprocess.run(["bash", "-c", limited + "check huge.otp"], cwd=scratch,
                          capture_output=True, text=True, timeout=60)
    wanted = ("otpc 0.", "internal error: while reading: ", "check huge.otp")
    if done.returncode != 70 or not all(text in done.stderr for text in wanted):
        findings.append(f"too little memory: exit status {done.returncode}\n{done.stderr[:500]}")
else:
    print("this build does not start in 60 MB: an internal error is not tested")

# What is printed may find no room.
if pathlib.Path("/dev/full").exists():
    for command in ("--version", "explain", "ir good.otp", "completion bash", "graph good.otp"):
        done = subprocess.run([otpc, *command.split()], cwd=scratch, stdout=open("/dev/full", "w"),
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 3 or "standard output: No space left" not in done.stderr:
            findings.append(f"{command} to a full disk: {done.returncode}\n{done.stderr}")

# New projects. What they contain is built by tests/package.
expect("no name", ["new"], 2, "what the new project is called", out="none")
for name, better in (("My-Shop", "my_shop"), ("2nd", "my_2nd"), ("class", "my_class"),
                     ("test", "my_test"), ("std", "my_std"), ("otp_x", "my_otp_x")):
    expect(f"a project called {name}", ["new", name], 2, f"`{name}`", f"`{better}`", out=name)
    expect(f"a project called {better}", ["new", "projects/" + better], 0)
    expect(f"{better} again", ["new", "projects/" + better], 3, "something in", better,
           out="none")
    expect(f"the schema of {better}", ["check", f"projects/{better}/{better}.otp"], 0)
expect("a project in a file", ["new", "plain/shop"], 3, "cannot write `plain/shop/", out="none")
expect("a supervised project", ["new", "--sup", "projects/shop"], 0)
expect("a project with a name of OTP's", ["new", "--sup", "logger"], 2, "`logger` is reserved",
       "it is the application that is built in", "`my_logger`", out="logger")
expect("which is one of nobody's without", ["new", "projects/logger"], 0)
expect("its schema", ["check", "--Werror", "projects/shop/shop.otp"], 0)

# The language's own example: everything is taken, also by who has no other version of it.
cart = subprocess.run([otpc, "check", "--locked", "-I", ".", "shop/cart.otp"],
                      capture_output=True, text=True,
                      cwd=pathlib.Path(__file__).resolve().parents[2] / "generated/cart")
if cart.returncode != 0 or cart.stderr:
    findings.append(f"cart.otp: {cart.returncode}\n{cart.stderr}")

# Five unrelated mistakes, five errors.
five = write("five.otp", "module five;\nstruct A { x: u9; }\nconst b: u8 = 300;\n"
             "server C { init(); cast put() -> u8; }\n"
             "supervisor D { strategy one_for_on; child C; }\nserver E { init() call get(); }\n")
expect("five mistakes", ["gen", "--out-dir", "out5", five], 1, "OTP0102", "OTP0202", "OTP0301",
       "OTP0404", "OTP0002", "5 errors", out="out5")

for finding in findings:
    print(finding)
print(f"{len(findings)} findings")
sys.exit(1 if findings else 0)
