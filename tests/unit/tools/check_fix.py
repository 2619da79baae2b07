#!/usr/bin/env python3
"""`otpc fix` mends what it may and nothing else.

  check_fix.py OTPC ROOT SCRATCH

Cases say what becomes of a text. Then for every bad schema of tests/diagnostics, with its imports:
what was safe to mend is mended and not told any more, no error is new, every comment survives, a
second run changes nothing, and `--diff` prints exactly the change. Good schemas stay as they are.
"""
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys

otpc = str(pathlib.Path(sys.argv[1]).resolve())
root, scratch = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
findings = []
OTHER = "module other;\nstruct A { x: u8; }\nstruct B { x: u8; }\nstruct C { x: u8; }\n"

# what it shows, before, after, the exit status
CASES = [
    ("a missing semicolon", "server S {\n  init() // first\n  call get()\n}\n",
     "server S {\n  init(); // first\n  call get();\n}\n", 0),
    ("a missing semicolon before a brace", "server S { init(); call get() }\n",
     "server S { init(); call get(); }\n", 0),
    ("one of three imports", "import other { A, /* b */ B, C };\nalias X = A;\nalias Y = C;\n",
     "import other { A, /* b */ C };\nalias X = A;\nalias Y = C;\n", 0),
    ("the last of three imports", "import other { A, B, C };\nalias X = A;\nalias Y = B;\n",
     "import other { A, B };\nalias X = A;\nalias Y = B;\n", 0),
    ("two of three imports", "import other { A, B, C };\nalias X = B;\n",
     "import other { B };\nalias X = B;\n", 0),
    ("a whole import goes with its line", "import other { A, B };\nalias X = u8;\n",
     "alias X = u8;\n", 0),
    ("what is deleted with a comment stays", "import other { A, // why\n  B };\nalias X = u8;\n",
     "import other { A, // why\n  B };\nalias X = u8;\n", 0),
    ("only the case of letters", "struct Line { x: U8; y: String; }\nalias Lines = list<line>;\n",
     "struct Line { x: u8; y: string; }\nalias Lines = list<Line>;\n", 0),
    ("a word of the language with a large letter", "Server S { Init(); call get(); }\n",
     "server S { init(); call get(); }\n", 0),
    ("a name of one's own before a habit", "struct Date { x: u8; }\nalias Days = list<date>;\n",
     "struct Date { x: u8; }\nalias Days = list<Date>;\n", 0),
    ("the order of what stands behind a call",
     "statem M { init() -> a; state a { call x() -> u8 to b timeout 2s; } final state b; };\n",
     "statem M { init() -> a; state a { call x() -> u8 to b timeout 2s; } final state b; }\n", 0),
    ("a likely name is left to the author", "struct Line { x: strnig; }\n",
     "struct Line { x: strnig; }\n", 1),
    ("two question marks", "struct Line { x: u8??; y: list<u8??>?; }\n",
     "struct Line { x: u8?; y: list<u8?>?; }\n", 0),
    ("what is said twice", "server S { init(); terminate; call get(); terminate; }\n",
     "server S { init(); terminate; call get(); }\n", 0),
    ("exit by hand beside trap_exit",
     "server S {\n  init();\n  trap_exit;\n  info exit;  // gone\n}\n",
     "server S {\n  init();\n  trap_exit;\n  // gone\n}\n", 0),
    ("a comment as elsewhere", "server S { init(); }  # why\n%% Don't.\nalias X = u8;\n",
     "server S { init(); }  // why\n// Don't.\nalias X = u8;\n", 0),
    ("signs between options",
     "server S { init(); }\nsupervisor T {\n  strategy = one_for_one;\n  intensity :3 in 5s;\n"
     "  child S, restart transient;\n  child s: S restart: transient;\n}\n",
     "server S { init(); }\nsupervisor T {\n  strategy one_for_one;\n  intensity 3 in 5s;\n"
     "  child S restart transient;\n  child s: S restart transient;\n}\n", 0),
    ("an idle allowance", "@allow(unused_type, reason: \"old\")\nalias X = u8;\n",
     "alias X = u8;\n", 0),
    ("one name of an allowance",
     "@allow(unused_type, infinite_timeout, reason: \"old\")\nalias X = u8;\n"
     "server S { init(); call get(); }\n",
     "@allow(unused_type, reason: \"old\")\nalias X = u8;\n"
     "server S { init(); call get(); }\n", 0),
    ("the last name of an allowance",
     "@allow(unused_type, infinite_timeout)\nalias X = u8;\nserver S { init(); call get(); }\n",
     "@allow(unused_type)\nalias X = u8;\nserver S { init(); call get(); }\n", 0),
    ("every name of an allowance",
     "@allow(unused_type, infinite_timeout)\nserver S { init(); call get(); }\n",
     "server S { init(); call get(); }\n", 0),
    ("of two that differ in case neither is taken for the other",
     "struct point { x: u8; }\nstruct Point { y: u8; }\nstruct A { at: Point; }\n",
     "struct point { x: u8; }\nstruct Point { y: u8; }\nstruct A { at: Point; }\n", 1),
    ("which of two is meant is left to the author",
     "struct point { x: u8; }\nstruct Point { y: u8; }\nstruct A { at: POINT; }\n",
     "struct point { x: u8; }\nstruct Point { y: u8; }\nstruct A { at: POINT; }\n", 1),
    ("a server is not meant where a struct is used",
     "struct cart { x: u8; }\nserver Cart { init(); call get(x: cart); }\n"
     "server S { uses Cart; init(); call get(x: pid<Cart>); }\nsupervisor T { child Cart; }\n",
     "struct cart { x: u8; }\nserver Cart { init(); call get(x: cart); }\n"
     "server S { uses Cart; init(); call get(x: pid<Cart>); }\nsupervisor T { child Cart; }\n", 1),
    ("a constant is no type", "const radio: u32 = 1;\nstruct A { r: Radio; }\n",
     "const radio: u32 = 1;\nstruct A { r: Radio; }\n", 1),
    ("a server is no type", "server Line { init(); call get(x: list<line>); }\n",
     "server Line { init(); call get(x: list<line>); }\n", 1),
    ("a server is no value",
     "server Z { init(); call get(); @deprecated(1, use: get) call old(x: u8 = z); }\n",
     "server Z { init(); call get(); @deprecated(1, use: get) call old(x: u8 = z); }\n", 1),
    ("the end of a declaration",
     "const a: u32 = 1_000\nalias B = list<u8>\nimport other { A }\nalias C = A;\n",
     "const a: u32 = 1_000;\nalias B = list<u8>;\nimport other { A };\nalias C = A;\n", 0),
    ("a semicolon behind a brace",
     "struct L { x: u8; };\nserver S {\n  init();\n  state { x: L; };\n  call get();\n};\n",
     "struct L { x: u8; }\nserver S {\n  init();\n  state { x: L; }\n  call get();\n}\n", 0),
    ("another quotation mark",
     "const a: string = 'text';\nconst b: string = \u201ctext\u201d;\n",
     "const a: string = \"text\";\nconst b: string = \"text\";\n", 0),
    ("the parts of a module's name", "import deep.other { D };\nalias C = D;\n",
     "import deep::other { D };\nalias C = D;\n", 0),
    ("line ends of Windows", "import other { A };\r\nserver S {\r\n  init()\r\n}\r\n",
     "server S {\r\n  init();\r\n}\r\n", 0),
    ("letters of more than one byte", "/// Größe\nserver S { /* ä */ init() /* ü */\n}\n",
     "/// Größe\nserver S { /* ä */ init(); /* ü */\n}\n", 0),
    ("what one mend uncovers", "server S {\n  init()\n  call get(x: U8)\n}\n",
     "server S {\n  init();\n  call get(x: u8);\n}\n", 0),
]


def run(*arguments, cwd):
    return subprocess.run([otpc, *arguments], cwd=cwd, capture_output=True, timeout=60)


def told(name, cwd):
    return json.loads(run("check", "--diagnostics=json", name, cwd=cwd).stdout)


def comments(text):
    return re.findall(rb"//[^\r\n]*|/\*.*?\*/", text, re.S)


def check_case(what, before, after, status):
    folder = scratch / "case"
    folder.mkdir(exist_ok=True)
    (folder / "other.otp").write_text(OTHER)
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "other.otp").write_text("module deep::other;\nstruct D { x: u8; }\n")
    path = folder / "test.otp"
    path.write_bytes(("module test;\n" + before).encode())
    done = run("fix", "test.otp", cwd=folder)
    fixed = path.read_bytes().decode()
    if fixed != "module test;\n" + after or done.returncode != status:
        findings.append(f"{what}: exit status {done.returncode}\n{fixed}{done.stderr.decode()}")


def patched(text, diff, folder):
    (folder / "patched").write_bytes(text)
    done = subprocess.run(["patch", "--binary", "-s", "patched"], input=diff, cwd=folder,
                          capture_output=True, timeout=60)
    return (folder / "patched").read_bytes() if done.returncode == 0 else None


def check_schema(source):
    folder = scratch / source.parent.name / source.stem
    shutil.copytree(source.parent, folder)
    path = folder / source.name
    before, first = path.read_bytes(), told(source.name, folder)
    diff = run("fix", "--diff", source.name, cwd=folder).stdout
    if path.read_bytes() != before:
        findings.append(f"{source}: --diff changes the file")
    if run("fix", "--dry-run", source.name, cwd=folder).stdout != diff:
        findings.append(f"{source}: --dry-run is not --diff")
    run("fix", source.name, cwd=folder)
    after, second = path.read_bytes(), told(source.name, folder)
    safe = [each for each in first if each.get("fix", {}).get("level") == "safe"
            and each["file"] == source.name]
    if safe and after == before and b"//" not in before and b"/*" not in before:
        findings.append(f"{source}: nothing is mended")
    left = [each for each in second if each.get("fix", {}).get("level") == "safe"
            and each["file"] == source.name]
    if left:
        findings.append(f"{source}: after the mend still {[each['message'] for each in left]}")
    # What a syntax error hid may come up, so only a text that was understood is asked.
    errors = [sum(each["severity"] == "error" for each in all) for all in (first, second)]
    if errors[1] > errors[0] and not any(each["code"] < "OTP0100" for each in first):
        findings.append(f"{source}: {errors[0]} errors became {errors[1]}")
    lost = collections.Counter(comments(before)) - collections.Counter(comments(after))
    if lost:
        findings.append(f"{source}: a comment is gone")
    run("fix", source.name, cwd=folder)
    if path.read_bytes() != after:
        findings.append(f"{source}: a second run changes it again")
    if shutil.which("patch") and diff and patched(before, diff, folder) != after:
        findings.append(f"{source}: --diff is not the change\n{diff.decode()}")
    if not diff and after != before:
        findings.append(f"{source}: --diff says nothing of the change")
    return after != before


for case in CASES:
    check_case(*case)
bad = sorted(root.glob("tests/diagnostics/OTP*/bad*.otp"))
mended = sum(check_schema(each) for each in bad)
for good in sorted(root.glob("tests/diagnostics/OTP*/good.otp")):
    if check_schema(good):
        findings.append(f"{good}: is good and was changed")
if not shutil.which("patch"):
    print("patch is not installed: --diff is not applied")
for finding in findings:
    print(finding)
print(f"{len(CASES)} cases, {len(bad)} bad schemas, {mended} mended, {len(findings)} findings")
sys.exit(1 if findings or mended < 5 else 0)
