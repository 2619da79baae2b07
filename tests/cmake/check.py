#!/usr/bin/env python3
"""Builds consumer/ with one generator of CMake and holds what otp_generate() promises:

    check.py OTPC ROOT SCRATCH CMAKE GENERATOR COMPILER

otpc is started through a program that counts, which is also how OTPC_EXECUTABLE is tested.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

OTPC, ROOT, SCRATCH, CMAKE, GENERATOR, COMPILER = sys.argv[1:]
CMAKE, COMPILER = shutil.which(CMAKE), shutil.which(COMPILER)
SCRATCH = pathlib.Path(SCRATCH)
SOURCES, BUILD, STARTS = SCRATCH / "a consumer", SCRATCH / "a build", SCRATCH / "starts"
MADE = BUILD / "otp" / "till" / "till"
findings = []


def expect(true, what, details=""):
    if not true:
        findings.append(f"{GENERATOR}: {what}\n{details}")


def run(*command, **environment):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout + done.stderr


def configure(*definitions, build=BUILD, **environment):
    return run(CMAKE, "-S", SOURCES, "-B", build, "-G", GENERATOR, f"-DOTP_ROOT={ROOT}",
               f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_CXX_COMPILER_WORKS=ON", *definitions,
               **environment)


def built(what, status=0):
    """Builds; what the build said, and for which targets otpc was started."""
    STARTS.write_text("")
    result, said = run(CMAKE, "--build", BUILD, "--verbose")
    expect(result == 0 if status == 0 else result != 0, f"{what}: exit status {result}",
           said[-4000:])
    started = [line.split("/CMakeFiles/")[1].split(".dir")[0] for line in
               STARTS.read_text().splitlines()]
    return said, sorted(started)


def compiled(said):
    """The sources that the build compiled."""
    return [line for line in said.splitlines() if " -c " in line and ".o " in line]


def edit(name, old, new):
    path = SOURCES / name
    text = path.read_text()
    assert old in text, f"{name} has no {old!r}"
    time.sleep(0.02)  # Make compares times: an edit is later than the build
    path.write_text(text.replace(old, new))


def headers():
    return sorted(path.name for path in MADE.iterdir()) if MADE.exists() else []


def check_first_build():
    status, said = configure(f"-DOTPC_EXECUTABLE={SCRATCH / 'otpc'}", "-DDOUBLES=TEST_DOUBLES",
                             "-DSCHEMAS=till/till.otp;till/prices.otp", "-DWARNINGS=")
    expect(status == 0, "it does not configure", said)
    said, started = built("the first build")
    expect(started == ["money", "report", "till"], f"otpc ran for {started}")
    expect(headers() == sorted(f"{name}.otp{end}" for name in ("till", "prices")
                               for end in (".cpp", ".h", ".testing.h")), f"it made {headers()}")
    unity = list(BUILD.glob("CMakeFiles/till.dir/Unity/unity_0_cxx.cxx"))
    expect(unity and unity[0].read_text().count(".otp.cpp\"") == 2,
           "the C++ of two schemas is not compiled as one")
    expect(list(BUILD.glob("CMakeFiles/till.dir/cmake_pch.hxx.gch")), "nothing is precompiled")


def check_nothing_changed():
    said, started = built("a second build")
    expect(not started and not compiled(said), f"a second build did something: {started}", said)


def check_same_bytes_again():
    """A schema that is newer and yields the same C++ costs one run of otpc, once."""
    edit("report/report.otp", "module", "// no change\nmodule")
    said, started = built("a comment")
    expect(started == ["report"], f"a comment ran otpc for {started}")
    expect(not compiled(said), "a comment compiled something", said)
    check_nothing_changed()


def check_imports_are_watched():
    edit("shop/money.otp", "cents: i64 = 0;", "cents: i64 = 0; pence: i64 = 0;")
    said, started = built("a changed import")
    expect(started == ["money", "report", "till"], f"a changed import ran otpc for {started}")
    expect(len(compiled(said)) >= 3, "a changed import compiled too little", said)
    check_nothing_changed()


def check_arguments_are_passed():
    edit("report/report.otp", "/// A line of the report.", "")
    said, _ = built("a warning")
    expect("`Line`" in said, "a warning is not asked for", said)
    configure("-DWARNINGS=error=missing-doc")
    said, started = built("a warning taken for an error", status=1)
    expect(started == ["report"], f"changed arguments ran otpc for {started}")
    edit("report/report.otp", "struct Line", "/// A line.\nstruct Line")
    built("the warning mended")


def check_nothing_stays_behind():
    configure("-DDOUBLES=", "-DWARNINGS=")
    built("without test doubles")
    expect(not any("testing" in name for name in headers()), f"test doubles stay: {headers()}")
    (SOURCES / "till" / "desks").mkdir()
    (SOURCES / "till" / "prices.otp").rename(SOURCES / "till" / "desks" / "tariffs.otp")
    edit("till/desks/tariffs.otp", "till::prices", "till::desks::tariffs")
    configure("-DSCHEMAS=till/till.otp;till/desks/tariffs.otp")
    built("a renamed schema")
    expect(headers() == ["desks", "till.otp.cpp", "till.otp.h"], f"it left {headers()}")
    configure("-DSCHEMAS=till/till.otp")
    built("a schema less")
    expect(headers() == ["till.otp.cpp", "till.otp.h"], f"it left {headers()}")
    check_nothing_changed()


def check_folders_of_editors():
    (BUILD / ".cmake/api/v1/query").mkdir(parents=True)
    (BUILD / ".cmake/api/v1/query/codemodel-v2").touch()
    configure()
    reply = next((BUILD / ".cmake/api/v1/reply").glob("target-till-*.json"))
    target = json.loads(reply.read_text())
    groups = {group["name"]: [pathlib.Path(target["sources"][index]["path"]).name
                              for index in group["sourceIndexes"]]
              for group in target["sourceGroups"]}
    expect(groups.get("Schemas") == ["till.otp"], f"groups: {groups}")
    expect(sorted(groups.get("Generated\\till", [])) == ["till.otp.cpp", "till.otp.h"],
           f"groups: {groups}")


def check_cross_compiling():
    cross = SCRATCH / "cross"
    arguments = ("-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=riscv64",
                 "-DSCHEMAS=till/till.otp")
    tools = SCRATCH / "tools"
    tools.mkdir()
    for name in ("ninja", "make", "as", "ld", "ar", "ranlib"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    status, said = configure(*arguments, build=cross, PATH=str(tools))
    expect(status != 0 and "-DOTPC_EXECUTABLE=" in said, "without an otpc of this machine", said)
    (tools / "otpc").symlink_to(OTPC)
    status, said = configure(*arguments, build=cross, PATH=str(tools))
    expect(status == 0, "an otpc on the PATH is not taken", said)
    cache = (cross / "CMakeCache.txt").read_text()
    expect(f"={tools / 'otpc'}\n" in cache, "another otpc is taken", cache)


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    shutil.copytree(pathlib.Path(__file__).parent / "consumer", SOURCES)
    counting = SCRATCH / "otpc"
    counting.write_text(f'#!/bin/sh\necho "$*" >>"{STARTS}"\nexec "{OTPC}" "$@"\n')
    counting.chmod(0o755)
    for check in (check_first_build, check_nothing_changed, check_same_bytes_again,
                  check_imports_are_watched, check_arguments_are_passed,
                  check_nothing_stays_behind, check_folders_of_editors, check_cross_compiling):
        begun = time.monotonic()
        check()
        print(f"{check.__name__}: {time.monotonic() - begun:.1f} s")
        if findings:
            break  # the next ones begin where this one should have ended
    print("\n".join(findings) or "no findings")
    return 1 if findings else 0


sys.exit(main())
