#!/usr/bin/env python3
"""`otpc compat` on a pair of schemas for each kind of change: check.py OTPC SCRATCH

See rows.py. Besides: the verdicts, the places and the exit status are those of the catalogue, as
text and as JSON; the chapter's table has a row for each kind.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

from rows import NOTE, ROWS

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "compiler/tools/compat"
OTPC, SCRATCH = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
CATALOGUE = {name: (wire == "true", source == "true", what) for name, wire, source, what in
             re.findall(r'^OTP_CHANGE\((\w+), (\w+), (\w+),\s*"(.*)"\)', (FOLDER / "changes.def")
                        .read_text(), re.M)}
VERDICTS = {(True, True): "compatible", (True, False): "wire only", (False, True): "source only",
            (False, False): "incompatible"}
findings = []


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=SCRATCH)


def write(folder, files):
    for name, text in files.items():
        path = SCRATCH / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def files_of(change, old, new):
    """The two versions of a pair, each as {file: text}."""
    if old is not None and (old or new):
        return {"t.otp": f"module t version 1;\n{old}"}, {"t.otp": f"module t version 1;\n{new}"}
    money = "struct Money { cents: i64; }"
    one = {"t.otp": "module t;\nstruct L { a: u8; }"}
    two = {**one, "u.otp": "module u;\nstruct L { a: u8; }"}
    uses = "module t;\nimport {} {{ Money }};\nstruct L {{ m: Money; }}"
    modules = {"b.otp": f"module b;\n{money}", "c.otp": f"module c;\n{money}"}
    return {
        "version_changed": ({"t.otp": "module t version 1;\n" + money},
                            {"t.otp": "module t version 2;\n" + money}),
        "version_lowered": ({"t.otp": "module t version 2;\n" + money},
                            {"t.otp": "module t version 1;\n" + money}),
        "none_changed": ({"t.otp": "module t version 1;\n" + NOTE},
                         {"t.otp": "module t version 1 none = nil;\n" + NOTE}),
        "import_changed": ({**modules, "t.otp": uses.format("b")},
                           {**modules, "t.otp": uses.format("c")}),
        "module_renamed": (one, {"v.otp": "module v;\nstruct L { a: u8; }"}),
        "module_added": (two, {**two, "v.otp": "module v;\nconst a: u8 = 1;"}),
        "module_removed": ({**two, "v.otp": "module v;\nconst a: u8 = 1;"}, two),
    }[change]


def compare(what, old, new, expected):
    done = run(OTPC, "compat", "--format=json", old, new)
    if done.stderr or not done.stdout:
        findings.append(f"{what}: {done.returncode} {done.stderr}")
        return
    told = json.loads(done.stdout)
    given = {each["change"] for each in told["changes"]}
    if given != expected:
        findings.append(f"{what}: {sorted(given)}, expected {sorted(expected)}")
    for each in told["changes"]:
        wire, source, _ = CATALOGUE[each["change"]]
        if (each["wire"], each["source"]) != (wire, source):
            findings.append(f"{what}: {each}")
        for side, folder in (("old", old), ("new", new)):
            place = each[side]
            lines = (SCRATCH / place["file"]).read_text().split("\n")
            if not place["file"].startswith((folder, old, new)) or place["line"] > len(lines):
                findings.append(f"{what}: {place}")
    wire = all(CATALOGUE[each][0] for each in given)
    source = all(CATALOGUE[each][1] for each in given)
    if (told["wire"], told["source"]) != (wire, source) or done.returncode != (not wire):
        findings.append(f"{what}: exit status {done.returncode}, {told['wire']}, {told['source']}")
    text = run(OTPC, "compat", "--require=source", old, new)
    for each in given:
        if not re.search(rf"^{VERDICTS[CATALOGUE[each][:2]]}: `.*\[{each}\]$", text.stdout, re.M):
            findings.append(f"{what} as text:\n{text.stdout}")
    if text.returncode != (not (wire and source)):
        findings.append(f"{what} with --require=source: exit status {text.returncode}")


def sent_by(version, expressions):
    """What the Erlang clients of a version send."""
    out = SCRATCH / version / "erlang"
    run(OTPC, "gen", "--lang", "erlang", "--out-dir", out, f"{version}/t.otp")
    made = run("erlc", "-o", out, *sorted(out.glob("*.erl")))
    asked = ", ".join(f"Say({each})" for each in expressions)
    done = run("erl", "-noshell", "-pa", out, "-eval",
               "Loop = fun(L) -> receive {'$gen_call', F, R} -> gen_server:reply(F, {sent, R}); "
               "M -> ets:insert(t, {M}) end, L(L) end, ets:new(t, [named_table, public, bag]), "
               "S = spawn_link(fun() -> Loop(Loop) end), "
               "Say = fun(V) -> timer:sleep(20), "
               f"io:format(\"~p ~p~n\", [V, ets:tab2list(t)]) end, {asked}, halt().")
    text = re.sub(r"<\d+\.\d+\.\d+>", "<pid>", done.stdout)
    return text if text and not done.returncode else made.stdout + done.stdout + done.stderr


def check_talk(change, expressions):
    if not CATALOGUE[change][0]:
        findings.append(f"{change}: the wire is not kept, and there is something to be sent")
    old, new = (sent_by(f"{change}/{side}", expressions) for side in ("old", "new"))
    if old != new or not re.search(r"sent|\[\{", old):
        findings.append(f"{change}: the old client sends\n{old}the new one\n{new}")


def check_chapter():
    chapter = (FOLDER / "README.md").read_text()
    mark = {True: "yes", False: "no"}
    for name, (wire, source, what) in CATALOGUE.items():
        if f"| {what} | {mark[wire]} | {mark[source]} | `{name}` |" not in chapter:
            findings.append(f"README.md has no row: | {what} | {mark[wire]} | {mark[source]} | "
                            f"`{name}` |")


shutil.rmtree(SCRATCH, ignore_errors=True)
SCRATCH.mkdir(parents=True)
if set(ROWS) != set(CATALOGUE):
    findings.append(f"rows.py and changes.def differ: {sorted(set(ROWS) ^ set(CATALOGUE))}")
have_erlang = shutil.which("erlc") is not None
talked = 0
for change, (old, new, forwards, backwards, expressions) in ROWS.items():
    if change not in forwards:
        findings.append(f"{change}: its pair does not show it")
    for side, files in zip(("old", "new"), files_of(change, old, new)):
        write(f"{change}/{side}", files)
    compare(change, f"{change}/old", f"{change}/new", forwards)
    compare(f"{change} backwards", f"{change}/new", f"{change}/old", backwards)
    if expressions and have_erlang:
        check_talk(change, expressions)
        talked += 1
check_chapter()
same = run(OTPC, "compat", "type_changed/old", "type_changed/old")
if (same.returncode, same.stdout) != (0, "nothing has changed\n"):
    findings.append(f"a version with itself: {same.returncode} {same.stdout}{same.stderr}")

for finding in findings:
    print(finding)
print(f"{len(ROWS)} kinds of change, {talked} pairs talked"
      f"{'' if have_erlang else ' (no Erlang here)'}, {len(findings)} findings")
sys.exit(1 if findings else 0)
