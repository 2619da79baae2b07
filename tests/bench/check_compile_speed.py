#!/usr/bin/env python3
"""check_compile_speed.py OTPC SCRATCH: compile_speed.py measures all that it should. On few
messages, and whatever the figures are."""
import pathlib
import shutil
import subprocess
import sys

otpc, scratch = sys.argv[1:]
script = pathlib.Path(__file__).with_name("compile_speed.py")
ended = subprocess.run([sys.executable, "-B", str(script), otpc, "--messages", "100", "--runs", "1",
                        "--scratch", scratch], capture_output=True, text=True, check=False)
rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in ended.stdout.splitlines()]
missing = []
tools = [("otpc", ["front end", "with C++", "C++ again"])]
tools += [(peer, ["front end", "with C++"]) for peer in ("protoc", "capnp", "flatc")
          if shutil.which(peer)]
for shape in ("1 file", "100 files", "chain of 100", "star of 100", "lattice of 100"):
    missing += [(shape, f"{tool}, {step}") for tool, steps in tools for step in steps
                if not any(row[:2] == [shape, f"{tool}, {step}"] for row in rows)]
for what in ("10 messages", "10 messages, header alone", "server of 16 calls"):
    if not any(row[:2] == [what, "otpc"] for row in rows):
        missing.append((what, "otpc"))
for what in ("`--version`", "twice the messages", "format",
             "the lattice, beside files that import nothing"):
    if not any(row[:1] == [what] for row in rows):
        missing.append((what,))
shutil.rmtree(scratch, ignore_errors=True)
if missing or ended.returncode:
    sys.exit(f"no rows for {missing}; it ended with {ended.returncode}\n{ended.stdout}"
             f"{ended.stderr}")
