#!/usr/bin/env python3
"""The types of the Erlang clients, held against what the clients do: check_types.py OTPC SCRATCH

Dialyzer reads the clients of the golden schemas, with a table of the few modules of OTP that they
call: that of all of OTP takes more than a minute to make.
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OTPC, SCRATCH = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
CALLED = ["gen", "gen_server", "gen_statem", "gen_event", "supervisor", "unicode", "pg", "erpc"]
SKIPPED = 77


def run(*command):
    return subprocess.run(command, cwd=SCRATCH, capture_output=True, text=True, timeout=300)


def complaints(*sources):
    """What is wrong with the types of these modules; nothing when all is well."""
    compiled = run("erlc", "+debug_info", *sources)
    if compiled.returncode != 0:
        return compiled.stdout
    beams = [pathlib.Path(each).stem + ".beam" for each in sources]
    done = run("dialyzer", "--plt", "called.plt", "-Wunmatched_returns", *beams)
    return "" if done.returncode == 0 else done.stdout or done.stderr


if not shutil.which("dialyzer") or not shutil.which("erlc"):
    print("erlang-dialyzer is not installed")
    sys.exit(SKIPPED)
shutil.rmtree(SCRATCH, ignore_errors=True)
SCRATCH.mkdir(parents=True)
where = run("erl", "-noshell", "-eval",
            "[io:format(\"~s~n\", [code:which(M)]) || M <- [" + ", ".join(CALLED) + "]], halt().")
made = run("dialyzer", "--build_plt", "--output_plt", "called.plt", *where.stdout.split())
# 2 says that OTP's own types name modules that are not in the table.
if made.returncode not in (0, 2):
    sys.exit(made.stdout + made.stderr)
for schema in sorted((ROOT / "tests/golden").glob("*/*.otp")):
    run(OTPC, "gen", "--lang", "erlang", "-I", str(schema.parent), "--out-dir", ".", str(schema))
sources = sorted(path.name for path in SCRATCH.glob("*.erl"))
findings = complaints(*sources)
(SCRATCH / "wrong.erl").write_text(
    "-module(wrong).\n-export([size/1]).\n"
    "-spec size(gen_server:server_ref()) -> ok.\nsize(S) -> {got, gen_server:call(S, size)}.\n")
if not complaints("wrong.erl"):
    findings += "a wrong type is not found\n"
print(findings, end="")
print(f"{len(sources)} modules")
sys.exit(1 if findings or len(sources) < 20 else 0)
