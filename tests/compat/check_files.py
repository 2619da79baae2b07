#!/usr/bin/env python3
"""Contract files from the first to a broken one: check_files.py OTPC SCRATCH"""
import pathlib
import shutil
import subprocess
import sys

OTPC, SCRATCH = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
LOCK = SCRATCH / "shop/cart.otp.lock"
V1 = """module shop::cart version 1;
import shop::money { Money };
struct Line { sku: string; price: Money; }
server Cart {
  init();
  state { lines: list<Line>; @private card: string = "a\\"b"; }
  call add(line: Line) -> u32;
}
"""
findings = []


def otpc(what, arguments, status, *texts, absent=None):
    """Texts are wanted in what it prints."""
    done = subprocess.run([OTPC, *arguments], capture_output=True, text=True, timeout=60,
                          cwd=SCRATCH)
    told = done.stdout + done.stderr
    missing = [text for text in texts if text not in told]
    if done.returncode != status or missing or (absent and absent in told):
        findings.append(f"{what}: exit status {done.returncode}, without {missing}\n{told}")
    return told


def write(name, text):
    path = SCRATCH / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


shutil.rmtree(SCRATCH, ignore_errors=True)
SCRATCH.mkdir(parents=True)
write("shop/money.otp", "module shop::money;\nstruct Money { cents: i64; }\n")
write("shop/cart.otp", V1)
CART = ["-I", ".", "shop/cart.otp"]

otpc("without a contract file", ["check", *CART], 0, absent="OTP06")
otpc("without one, locked", ["check", "--locked", *CART], 1, "OTP0630", "is missing",
     "otpc compat --update")
otpc("compared with none", ["compat", *CART], 3, "there is no `shop/cart.otp.lock`",
     "otpc compat --update shop/cart.otp")
otpc("of a schema that is missing", ["compat", "shop/card.otp"], 3, "cannot read `shop/card.otp`")
(SCRATCH / "empty").mkdir()
otpc("of an empty folder", ["compat", "empty"], 3, "no schema in the folder `empty`")
otpc("of an empty folder, updated", ["compat", "--update", "empty"], 3, "no schema in the folder")
otpc("the first", ["compat", "--update", *CART], 0)
first = LOCK.read_text()
otpc("what it relies on has none", ["check", *CART], 0, absent="OTP06")
otpc("what it relies on has none, locked", ["check", "--locked", *CART], 1, "shop/money.otp:1:8",
     "error[OTP0630]: the contract file of `shop::money` is missing",
     "the contract of `shop::cart` relies on it")
otpc("and has one now", ["compat", "--update", "-I", ".", "shop/money.otp"], 0)
otpc("up to date", ["check", "--locked", "--Werror", *CART], 0, absent="OTP06")
otpc("the same again", ["compat", *CART], 0, "nothing has changed")
MONEY = (SCRATCH / "shop/money.otp").read_text()
write("shop/money.otp", MONEY.replace("i64", "i32"))
otpc("an import that breaks", ["check", *CART], 1, "error[OTP0600]: `Money.cents` breaks")
otpc("an import that breaks, locked", ["check", "--locked", *CART], 1, "OTP0600", absent="OTP0630")
write("shop/money.otp", MONEY + "struct Coin { cents: u8; }\n")
otpc("an import that is ahead", ["check", *CART], 0, absent="OTP06")
otpc("an import that is ahead, locked", ["check", "--locked", *CART], 1, "OTP0630", "shop::money",
     "is not up to date")
write("shop/money.otp", MONEY)
write("shop/other.otp", "module shop::other;\nstruct Other { cents: i64; }\n")
otpc("a folder, of which one has none", ["compat", "-I", ".", "shop"], 3,
     "there is no `shop/other.otp.lock`")
(SCRATCH / "shop/other.otp").unlink()
stamp = LOCK.stat().st_mtime_ns
otpc("updated without need", ["compat", "--update", *CART], 0)
if LOCK.stat().st_mtime_ns != stamp:
    findings.append("an update without a change touches the file")
if '"from":"shop::money"' not in first or '"a\\\\\\"b\\""' not in first.replace('"\\"a', '"a'):
    findings.append(f"the contract file is\n{first}")

# A change that hurts nobody, and its two ways to be told.
write("shop/cart.otp", V1.replace("call add", "cast clear; call add"))
otpc("not written down", ["check", *CART], 0, "warning[OTP0629]", "Cart.clear")
otpc("not written down, locked", ["gen", "--locked", "--out-dir", "out", *CART], 1, "OTP0630",
     "is not up to date")
if (SCRATCH / "out").exists():
    findings.append("something is generated although the contract file is not up to date")
otpc("written down", ["compat", "--update", *CART], 0)
otpc("up to date again", ["check", "--locked", *CART], 0, absent="OTP06")

# A depfile names the contract file: a change of it brings the errors back.
otpc("generated", ["gen", "--out-dir", "out", "--depfile", "out/d", *CART], 0)
if "shop/cart.otp.lock" not in (SCRATCH / "out/d").read_text():
    findings.append("the depfile does not name the contract file")

# One that breaks the wire.
kept = LOCK.read_text()
write("shop/cart.otp", V1.replace("-> u32", "-> string").replace("sku: string", "sku: bytes"))
otpc("broken", ["gen", "--out-dir", "out2", *CART], 1, "error[OTP0600]: `Cart.add`",
     "error[OTP0600]: `Line.sku`", "shop/cart.otp.lock:",
     "error[OTP0600]: `Cart.clear`", "3 errors")
otpc("broken and updated", ["compat", "--update", *CART], 1, "incompatible: `Cart.add` answers",
     "stays as it is")
if LOCK.read_text() != kept:
    findings.append("a broken contract is written down")
otpc("compared with the file", ["compat", *CART], 1, "3 break the wire")
otpc("and the file with it", ["compat", "-I", ".", "shop/cart.otp", "shop/cart.otp.lock"], 1,
     "Line.sku")
otpc("on purpose", ["compat", "--update", "--allow-breaking", *CART], 0)
otpc("after that", ["check", "--locked", *CART], 0, absent="OTP06")

# A new version keeps what the old ones kept.
write("shop/cart.otp", V1)
otpc("back", ["compat", "--update", "--allow-breaking", *CART], 0)
write("shop/cart.otp", V1.replace("version 1", "version 2").replace("lines: list<Line>;",
                                                                    "lines: list<Line>; n: u8;"))
otpc("without a step", ["check", *CART], 1, "OTP0336", "upgrade from 1")
write("shop/cart.otp", V1.replace("version 1", "version 2").replace(
    "lines: list<Line>;", "lines: list<Line>; n: u8;").replace("call add",
                                                               "upgrade from 1; call add"))
otpc("with a step", ["compat", "--update", *CART], 0)
if not {"    state 1", "    state 2"} <= set(LOCK.read_text().split("\n")):
    findings.append(f"the states are not kept\n{LOCK.read_text()}")
otpc("and locked", ["gen", "--locked", "--out-dir", "out3", *CART], 0)
if '::std::string("a\\"b", 3)' not in (SCRATCH / "out3/shop/cart.otp.h").read_text():
    findings.append("the default of an old state does not arrive in the code")

# A version keeps what it kept, and only grows.
V2 = (SCRATCH / "shop/cart.otp").read_text()
kept = LOCK.read_text()
write("shop/cart.otp", V2.replace("n: u8;", "n: u16;"))
otpc("the state of a version is another", ["check", *CART], 0, "warning[OTP0629]",
     "n: u16; card: string; }, kept {", "say `module shop::cart version 3`, and `upgrade from 2;`")
otpc("and updated", ["compat", "--update", *CART], 1, "[state_rewritten]", "stays as it is",
     "what a version kept would be lost: say `module shop::cart version 3`")
if LOCK.read_text() != kept:
    findings.append("what a version kept is lost")
write("shop/cart.otp", V2.replace("n: u8;", "n: u16;").replace("version 2", "version 3")
      .replace("upgrade from 1;", "upgrade from 1; upgrade from 2;"))
otpc("with a version of its own", ["compat", "--update", *CART], 0)
otpc("which is kept", ["check", "--locked", *CART], 0, absent="OTP06")
write("shop/cart.otp", V2)
otpc("a lower version", ["check", *CART], 1, "error[OTP0600]: `shop::cart`",
     "is of version `2`, was `3`: versions only grow (version_lowered)")
otpc("a lower version, updated", ["compat", "--update", *CART], 1, "stays as it is")
otpc("a lower version on purpose", ["compat", "--update", "--allow-breaking", *CART], 0)
# A module without a version is of version 1.
UNSAID = V1.replace(" version 1", "")
(SCRATCH / "shop/cart.otp.lock").unlink()
write("shop/cart.otp", UNSAID)
otpc("no version is said", ["compat", "--update", *CART], 0)
if "    state 1 " not in LOCK.read_text() + " " and "    state 1\n" not in LOCK.read_text():
    findings.append(f"a module without a version keeps\n{LOCK.read_text()}")
LOCK.write_text(LOCK.read_text().replace("state 1", "state 0"))
otpc("as older files say it", ["check", "--locked", *CART], 0, absent="OTP06")
write("shop/cart.otp", UNSAID.replace("lines: list<Line>;", "lines: list<Line>; n: u8;"))
otpc("another state without a version", ["compat", "--update", *CART], 1, "version 2")
write("shop/cart.otp", V2)
otpc("and with one", ["compat", "--update", *CART], 0)

# Folders, and what is no contract file.
for version, members in (("v1", ""), ("v2", "cast x; ")):
    write(f"{version}/shop/money.otp", "module shop::money;\nstruct Money { cents: i64; }\n")
    write(f"{version}/shop/cart.otp", V1.replace("call add", members + "call add"))
otpc("folders", ["compat", "v1", "v2"], 0, "Cart.x", "v1/shop/cart.otp:4:8",
     "v2/shop/cart.otp:7:8")
otpc("folders as JSON", ["compat", "--format=json", "v2", "v1"], 1, '"change": "message_removed"')
otpc("a folder without schemas", ["compat", "out/shop", "v1"], 3, "no schema")
otpc("a folder updated", ["compat", "--update", "v1"], 0)
otpc("in another word", ["compat", "--accept", "v1"], 0)
otpc("a revision that is none", ["compat", "no-such-revision", "v1"], 3, "git")
if shutil.which("git"):
    write("repo/sub/b.otp", "module b;\nstruct B { x: u8; }\n")
    write("repo/sub/a.otp", "module a;\nimport b { B };\nstruct A { b: B; }\n")
    subprocess.run("git init -q . && git add . && git -c user.name=t -c user.email=t@t "
                   "commit -qm one", shell=True, cwd=SCRATCH / "repo", check=True)
    write("repo/sub/b.otp", "module b;\nstruct C { x: u8; }\n")
    write("repo/sub/a.otp", "module a;\nimport b { C };\nstruct A { b: C; }\n")
    write("repo/sub/new.otp", "module new;\nstruct N { x: u8; }\n")
    otpc("against a revision", ["compat", "HEAD", "repo/sub/a.otp"], 1, "A.b", "`C`", "`B`")
    otpc("a folder against a revision", ["compat", "HEAD", "repo/sub"], 1, "A.b")
    otpc("a file that was not there", ["compat", "HEAD", "repo/sub/new.otp"], 3, "git")
else:
    print("git is not installed: compat against a revision is not tested")
if not (SCRATCH / "v1/shop/money.otp.lock").exists():
    findings.append("a folder's contract files are not written")
otpc("a schema that is missing", ["compat", "missing.otp", "v1"], 3, "missing.otp")
otpc("a contract file that is missing", ["compat", "v2/shop/cart.otp"], 3, "cart.otp.lock")
otpc("a schema with errors", ["compat", "v1", "bad"], 3, "bad")
for text, where in (("", "line 1"), (first + "   odd\n", f"line {first.count(chr(10)) + 1}"),
                    (first.replace("module", "package"), "line 2"),
                    (first.replace("  struct", "<<<<<<< mine\n  struct"), "line 4")):
    write("shop/cart.otp", V1)
    LOCK.write_text(text)
    otpc("what is no contract file", ["check", *CART], 1, "OTP0601", where)
    otpc("what is none, compared", ["compat", "shop/cart.otp.lock", "v1"], 3, where)
    otpc("what is none, updated", ["compat", "--update", *CART], 1, "OTP0601",
         "`otpc compat --update --allow-breaking`")
    otpc("what is none, as it says", ["compat", "--update", "--allow-breaking", *CART], 0)
    otpc("and is one again", ["check", *CART], 0, absent="OTP06")
for arguments, text in ((["compat"], "old version"), (["compat", "a", "b", "c"], "two versions"),
                        (["compat", "--allow-breaking", "v1", "v2"], "--update"),
                        (["compat", "--require=everything", "v1", "v2"], "wire|source")):
    otpc(f"{arguments}", arguments, 2, text)

for finding in findings:
    print(finding)
print(f"{len(findings)} findings")
sys.exit(1 if findings else 0)
