#!/usr/bin/env python3
"""Times otpc on 10,000 messages beside protoc, capnp and flatc:

    compile_speed.py OTPC [--messages N] [--runs N] [--only WORD] [--scratch DIR]

The same messages go into one file, into 100 that know nothing of each other, and into 100 that
import each other: in a chain, as a star around one, and as a lattice in which every file is
reached on very many ways. Prints three tables in Markdown: what the tools take, medians of five
runs and how far the runs lay apart; what g++ -O0 takes for the C++ that they make; and what
concerns otpc alone. The processor's time says more than the clock's where others use the machine.
Tools that are not installed, and C++ whose library is not, are left out.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FIELDS = 8
MEMBERS = 7


class Schemas:
    """One language's way to write the messages. `parts`: (name, imports, numbers of messages)."""

    def __init__(self, folder, parts):
        self.folder = folder / self.suffix
        self.folder.mkdir(parents=True)
        self.files = []
        for name, imports, numbers in parts:
            path = self.folder / f"{name}.{self.suffix}"
            path.write_text(self.text(name, imports, numbers))
            self.files.append(path.name)

    def body(self, name, imports, numbers):
        uses = [f"{other}::M{first}" for other, first in imports]
        for number in numbers:
            if number % 10 == 0:
                yield self.enumeration(number)
            yield self.message(number, uses[number % len(uses)] if uses else None)


class Otp(Schemas):
    suffix = "otp"
    types = ("i64", "string", "bool", "list<u32>", "bytes", "f64", "u16", "map<string, i64>")

    def text(self, name, imports, numbers):
        head = [f"/// Made for measuring.\nmodule {name};\n"]
        head += [f"import {other} {{ M{first} }};\n" for other, first in imports]
        return "".join([*head, *self.body(name, imports, numbers)])

    def enumeration(self, number):
        members = "".join(f"  e{number}_{i};\n" for i in range(MEMBERS))
        return f"\nenum E{number} {{\n{members}}}\n"

    def message(self, number, other):
        types = list(self.types)
        if other:
            types[1] = other.split("::")[1]
        fields = "".join(f"  field_{i}: {type};\n" for i, type in enumerate(types))
        return f"\n/// Message {number}.\nstruct M{number} {{\n{fields}}}\n"


class Proto(Schemas):
    suffix = "proto"
    types = ("int64", "string", "bool", "repeated uint32", "bytes", "double", "uint32",
             "map<string, int64>")

    def text(self, name, imports, numbers):
        head = [f'syntax = "proto3";\npackage {name};\n']
        head += [f'import "{other}.proto";\n' for other, _ in imports]
        return "".join([*head, *self.body(name, imports, numbers)])

    def enumeration(self, number):
        members = "".join(f"  E{number}_{i} = {i};\n" for i in range(MEMBERS))
        return f"\nenum E{number} {{\n{members}}}\n"

    def message(self, number, other):
        types = list(self.types)
        if other:
            types[1] = other.replace("::", ".")
        fields = "".join(f"  {type} field_{i} = {i + 1};\n" for i, type in enumerate(types))
        return f"\n// Message {number}.\nmessage M{number} {{\n{fields}}}\n"


class Capnp(Schemas):
    suffix = "capnp"
    types = ("Int64", "Text", "Bool", "List(UInt32)", "Data", "Float64", "UInt16", "List(Text)")

    def text(self, name, imports, numbers):
        head = [f"@0x{0x9000000000000000 + numbers[0]:x};\n"]
        head += [f'using {other.capitalize()} = import "{other}.capnp";\n' for other, _ in imports]
        return "".join([*head, *self.body(name, imports, numbers)])

    def enumeration(self, number):
        members = "".join(f"  e{i} @{i};\n" for i in range(MEMBERS))
        return f"\nenum E{number} {{\n{members}}}\n"

    def message(self, number, other):
        types = list(self.types)
        if other:
            types[1] = other.replace("::", ".").capitalize()
            types[1] = types[1].split(".")[0] + "." + other.split("::")[1]
        fields = "".join(f"  field{i} @{i} :{type};\n" for i, type in enumerate(types))
        return f"\n# Message {number}.\nstruct M{number} {{\n{fields}}}\n"


class Flat(Schemas):
    suffix = "fbs"
    types = ("int64", "string", "bool", "[uint32]", "[ubyte]", "double", "uint16", "[string]")

    def text(self, name, imports, numbers):
        head = [f'include "{other}.fbs";\n' for other, _ in imports] + [f"namespace {name};\n"]
        return "".join([*head, *self.body(name, imports, numbers)])

    def enumeration(self, number):
        members = ",\n".join(f"  e{number}_{i}" for i in range(MEMBERS))
        return f"\nenum E{number} : ubyte {{\n{members}\n}}\n"

    def message(self, number, other):
        types = list(self.types)
        if other:
            types[1] = other.replace("::", ".")
        fields = "".join(f"  field_{i}: {type};\n" for i, type in enumerate(types))
        return f"\n// Message {number}.\ntable M{number} {{\n{fields}}}\n"


def shapes(messages):
    """Name and parts; `imports` names modules and the first message of each."""
    many = 100
    each = messages // many
    numbers = [range(i * each, (i + 1) * each) for i in range(many)]

    def files(imports_of):
        return [(f"m{i}", [(f"m{j}", j * each) for j in imports_of(i)], numbers[i])
                for i in range(many)]

    return {
        "1 file": [("m0", [], range(messages))],
        "100 files": files(lambda i: []),
        "chain of 100": files(lambda i: [i - 1] if i else []),
        "star of 100": files(lambda i: [0] if i else []),
        "lattice of 100": files(lambda i: [j for j in (2 * (i // 2) - 2, 2 * (i // 2) - 1)
                                           if j >= 0]),
    }


def tools(otpc):
    """What is run: name, program, language, command for files and an output folder, figures."""
    return [
        ("otpc, front end", otpc, Otp, lambda files, out: ["check", "-I.", *files],
         "<= 0.7 s, <= 200 MiB"),
        ("otpc, with C++", otpc, Otp, lambda files, out: ["gen", "-I.", "--out-dir", out, *files],
         "<= 2.0 s, <= 60 MB written"),
        ("otpc, C++ again", otpc, Otp, None, "writes nothing"),
        ("protoc, front end", "protoc", Proto,
         lambda files, out: [f"--descriptor_set_out={out}/set", *files],
         "0.73-1.10 s, 135-236 MiB"),
        ("protoc, with C++", "protoc", Proto, lambda files, out: [f"--cpp_out={out}", *files],
         "15-19 s, 393 MB"),
        ("capnp, front end", "capnp", Capnp, lambda files, out: ["compile", "-o-", *files],
         "0.74-0.89 s"),
        ("capnp, with C++", "capnp", Capnp, lambda files, out: ["compile", f"-oc++:{out}", *files],
         "5.3-10.7 s"),
        ("flatc, front end", "flatc", Flat,
         lambda files, out: ["--binary", "--schema", "-o", out, *files], "0.26-5.2 s"),
        ("flatc, with C++", "flatc", Flat, lambda files, out: ["--cpp", "-o", out, *files],
         "0.94-4.7 s, 54 MB"),
    ]


def run(program, arguments, folder):
    """Seconds by the clock and of the processor, mebibytes, and whether it was done."""
    begun = time.monotonic()
    process = subprocess.Popen([program, *arguments], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    if process.returncode:
        print(f"{program} ends with {process.returncode}: {said[:300]!r}", file=sys.stderr)
    return (seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
            process.returncode == 0)


def written(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def measure(tool, schemas, out, runs):
    """A row of the table, or nothing when the tool cannot do it."""
    name, program, _, command, figures = tool
    again = command is None
    if again:
        command = next(each[3] for each in tools(program) if each[0] == "otpc, with C++")
    seconds, worked, memory = [], [], 0
    for _ in range(runs):
        if not again:
            shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*")} if again else {}
        took, cpu, peak, done = run(program, command(schemas.files, str(out)), schemas.folder)
        if not done:
            return None
        seconds.append(took)
        worked.append(cpu)
        memory = max(memory, peak)
        if again and before != {path: path.stat().st_mtime_ns for path in out.rglob("*")}:
            raise SystemExit("otpc wrote what it had written before")
    spread = f"{min(seconds):.2f}-{max(seconds):.2f}"
    return (name, f"{statistics.median(seconds):.2f}", spread, f"{statistics.median(worked):.2f}",
            f"{memory:.0f}", f"{written(out):.1f}", figures)


def medians(runs, program, arguments, folder):
    """Of the clock and of the processor, and the most mebibytes; nothing when it cannot be done."""
    took = [run(program, arguments, folder) for _ in range(runs)]
    if not all(each[3] for each in took):
        return None
    return (statistics.median(each[0] for each in took),
            statistics.median(each[1] for each in took), max(each[2] for each in took))


SERVER = """/// Made for measuring.
module server;

server Sixteen {
  init(limit: u32);
  state { count: u64; }
%s}
"""


def units(otpc, messages, scratch):
    """The C++ of few messages: what it is, who makes it, its folder, source, header, figures."""
    made = scratch / "units"
    shutil.rmtree(made, ignore_errors=True)
    few = [("unit", [], range(min(100, messages // 10)))]
    peers = (("otpc", otpc, Otp, ["gen", "--out-dir", "."], "unit.otp.cpp", "unit.otp.h",
              ("<= 1.5 s", "<= 0.5 s")),
             ("protoc", "protoc", Proto, ["--cpp_out=."], "unit.pb.cc", "unit.pb.h", ("8 s", "")),
             ("capnp", "capnp", Capnp, ["compile", "-oc++"], "unit.capnp.c++", "unit.capnp.h",
              ("0.8-1.1 s", "")),
             ("flatc", "flatc", Flat, ["--cpp"], None, "unit_generated.h", ("0.8-1.1 s", "")))
    for name, program, language, arguments, source, header, figures in peers:
        if not shutil.which(program):
            continue
        schemas = language(made, few)
        if run(program, [*arguments, *schemas.files], schemas.folder)[3]:
            yield f"{len(few[0][2])} messages", name, schemas.folder, source, header, figures
    calls = "".join(f"  call ask_{i}(key: i64, text: string) -> list<string>;\n"
                    for i in range(16))
    folder = made / "otp"
    (folder / "server.otp").write_text(SERVER % calls)
    if run(otpc, ["gen", "--out-dir", ".", "server.otp"], folder)[3]:
        yield ("server of 16 calls", "otpc", folder, "server.otp.cpp", "server.otp.h",
               ("<= 1.5 s, <= 250 MiB", ""))


def print_units(otpc, messages, runs, scratch, only):
    """What the generated C++ costs who compiles it: its own unit, and who includes the header."""
    include = str(pathlib.Path(__file__).resolve().parents[2] / "runtime" / "include")
    options = ["-std=c++23", "-O0", "-w", "-I", include, "-I", "."]
    print("\n| g++ -O0 | made by | seconds | CPU | MiB | figures |\n|---|---|---|---|---|---|")
    for what, name, folder, source, header, figures in units(otpc, messages, scratch):
        if only not in name:
            continue
        (folder / "user.cpp").write_text(f'#include "{header}"\n')
        compiled = [*options, "-c", "-o", "unit.o", "-x", "c++", source or "user.cpp"]
        for part, arguments, figure in (
                ("", compiled, figures[0]),
                (", header alone", [*options, "-fsyntax-only", "user.cpp"], figures[1])):
            if took := medians(runs, "g++", arguments, folder):
                print(f"| {what}{part} | {name} | {took[0]:.2f} | {took[1]:.2f} | {took[2]:.0f} | "
                      f"{figure} |", flush=True)


def print_alone(otpc, messages, runs, scratch):
    """What is said of otpc, and has no peer."""
    shutil.rmtree(scratch / "alone", ignore_errors=True)
    all_shapes = shapes(messages)
    whole = Otp(scratch / "alone", [("whole", [], range(messages)),
                                    ("half", [], range(messages // 2))])
    folder = whole.folder
    apart, lattice = (Otp(scratch / "alone" / name, all_shapes[name])
                      for name in ("100 files", "lattice of 100"))

    def checked(schemas, *files):
        return medians(runs, otpc, ["check", "-I.", *(files or schemas.files)], schemas.folder)

    half, double = checked(whole, "half.otp"), checked(whole, "whole.otp")
    alone, shared = checked(apart), checked(lattice)
    version = medians(runs, otpc, ["--version"], folder)
    formatted = medians(runs, otpc, ["format", "whole.otp"], folder)
    megabytes = (folder / "whole.otp").stat().st_size / 1e6
    print("\n| of otpc | by the clock | of the processor | figure |\n|---|---|---|---|")
    for what, values, form, figure in (
            ("`--version`", version, "{:.4f} s", "<= 5 ms"),
            ("twice the messages", [double[i] / half[i] for i in (0, 1)], "{:.2f} times",
             "<= 2.2 times"),
            ("the lattice, beside files that import nothing",
             [shared[i] / alone[i] for i in (0, 1)], "{:.2f} times", "each is parsed once"),
            ("format", [megabytes / each for each in formatted[:2]], "{:.1f} MB/s",
             ">= 5 MB/s")):
        clock, processor = (form.format(each) for each in values[:2])
        print(f"| {what} | {clock} | {processor} | {figure} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("otpc", type=pathlib.Path)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="tools with this in their name")
    parser.add_argument("--scratch", type=pathlib.Path)
    given = parser.parse_args()
    scratch = given.scratch or pathlib.Path(tempfile.mkdtemp(prefix="otp-speed-"))
    print("| schema | tool | seconds | from-to | CPU | MiB | MB written | figures |")
    print("|---|---|---|---|---|---|---|---|")
    for shape, parts in shapes(given.messages).items():
        made = {}
        for tool in tools(str(given.otpc.resolve())):
            name, program, language, _, _ = tool
            if given.only not in name or not shutil.which(program):
                continue
            folder = scratch / shape.replace(" ", "_")
            if language not in made:
                shutil.rmtree(folder / language.suffix, ignore_errors=True)
                made[language] = language(folder, parts)
            out = folder / f"out_{program.split('/')[-1]}"
            if row := measure(tool, made[language], out, given.runs):
                print(f"| {shape} | {' | '.join(row)} |", flush=True)
    otpc = str(given.otpc.resolve())
    print_units(otpc, given.messages, given.runs, scratch, given.only)
    if given.only in "otpc":
        print_alone(otpc, given.messages, given.runs, scratch)
    if not given.scratch:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
