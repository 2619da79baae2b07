#!/usr/bin/env python3
"""`otpc graph` against what is kept in graphs/: check_graph.py OTPC SCRATCH [--update]"""
import os
import pathlib
import shutil
import subprocess
import sys

GRAPHS = pathlib.Path(__file__).resolve().parent / "graphs"
KINDS = ["supervision", "calls", "statem"]
otpc, scratch = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
findings = []
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)


def graph(*arguments, path=os.environ["PATH"]):
    return subprocess.run([otpc, "graph", *arguments], capture_output=True, text=True, timeout=60,
                          cwd=GRAPHS, env={**os.environ, "PATH": path})


def expect(what, done, status, *texts):
    if done.returncode != status or not all(text in done.stderr for text in texts):
        findings.append(f"{what}: exit status {done.returncode}\n{done.stderr}")


for kind in KINDS:
    for suffix in ("dot", "mermaid"):
        done = graph("--kind", kind, "--format", suffix, "shop.otp")
        expect(f"{kind} as {suffix}", done, 0)
        golden = GRAPHS / f"{kind}.{suffix}"
        if "--update" in sys.argv:
            golden.write_text(done.stdout)
        elif not golden.exists() or golden.read_text() != done.stdout:
            (scratch / golden.name).write_text(done.stdout)
            subprocess.run(["diff", "-u", golden, scratch / golden.name])
            findings.append(f"{golden.name} differs; --update writes it anew")
        if done.stdout != graph("--kind", kind, "--format", suffix, "shop.otp").stdout:
            findings.append(f"{golden.name} is not the same every time")
if graph("shop.otp").stdout != graph("--kind=supervision", "--format=dot", "shop.otp").stdout:
    findings.append("the defaults are not supervision and dot")

expect("svg without Graphviz", graph("--format=svg", "shop.otp", path=str(scratch)), 3,
       "Graphviz", "--format=mermaid")
if shutil.which("dot"):
    for kind in KINDS:
        drawn = graph("--kind", kind, "--format=svg", "shop.otp")
        if drawn.returncode != 0 or "<svg" not in drawn.stdout or "</svg>" not in drawn.stdout:
            findings.append(f"{kind} as svg: {drawn.stderr}")
else:
    # A stand-in for Graphviz shows that what it writes is passed on.
    stand_in = scratch / "dot"
    stand_in.write_text('#!/bin/sh\n/bin/cat\n')
    stand_in.chmod(0o755)
    drawn = graph("--format=svg", "shop.otp", path=str(scratch))
    if drawn.stdout != (GRAPHS / "supervision.dot").read_text():
        findings.append(f"svg by a stand-in: {drawn.stderr}{drawn.stdout}")
    print("Graphviz is not installed: the drawing itself is not tested")

(scratch / "broken.otp").write_text("module broken;\nsupervisor S { child Nobody; }\n")
(scratch / "plain.otp").write_text("module plain;\nstruct A { x: u8; }\n")
expect("an unknown kind", graph("--kind=cals", "shop.otp"), 2, "cals", "did you mean `calls`?")
expect("an unknown format", graph("--format=png", "shop.otp"), 2, "dot|mermaid|svg", "png")
expect("a schema with errors", graph(scratch.resolve() / "broken.otp"), 1, "OTP0102", "Nobody")
expect("a schema without supervisors", graph(scratch.resolve() / "plain.otp"), 0, "is empty")
(scratch / "deadlock.otp").write_text("""module deadlock;
server A { uses B (call); init(); call get(); }
server B { uses A (call); init(); call get(); }
""")
drawn = graph("--kind=calls", scratch.resolve() / "deadlock.otp")
expect("a deadlock", drawn, 1, "OTP0306", "A -> B -> A")
if drawn.stdout.count("color=red") < 2:
    findings.append(f"a deadlock is not drawn in red:\n{drawn.stdout}")
(scratch / "both.otp").write_text((scratch / "deadlock.otp").read_text() + "struct C { x: No; }\n")
more = graph("--kind=calls", scratch.resolve() / "both.otp")
expect("a deadlock and another error", more, 1, "OTP0306", "OTP0102")
if more.stdout:
    findings.append(f"something is drawn of a schema with other errors:\n{more.stdout}")
expect("a missing file", graph("missing.otp"), 3, "cannot read")
expect("no file", graph(), 2, "at least one schema")
for finding in findings:
    print(finding)
print(f"{len(KINDS)} kinds, {len(findings)} findings")
sys.exit(1 if findings else 0)
