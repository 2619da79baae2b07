#!/usr/bin/env python3
"""`otpc format`: cases with their results, and what holds for every schema.

  check_format.py OTPC ROOT SCRATCH [SEED [ROUNDS]]

For every schema below ROOT, and for copies of it with random white space and comments: formatting
keeps every word, sign and comment, and formatting again changes nothing. A schema that does not
follow the grammar is refused with the diagnostics and stays as it is.
"""
import pathlib
import random
import re
import shutil
import subprocess
import sys

OTPC, ROOT, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
ROUNDS = int(sys.argv[5]) if len(sys.argv) > 5 else 4
LEXEME = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"'
                    r'|\d[\d_]*(?:\.\d[\d_]*)?[eE][+-]\d+|\d[\w]*(?:\.\d\w*)?|\w+'
                    r'|->|::|\.\.|[^\s]', re.S)
findings = []

# Before and after. `|` marks the first column.
CASES = [
    ("blanks and line breaks within a statement are the formatter's",
     "|module   a ;\n|server B:P , Q{ init ( x:u8,\n|y : map < u8,u8 >? ) ;call get( )->u8 ; }",
     "|module a;\n|server B : P, Q {\n|  init(x: u8, y: map<u8, u8>?);  call get() -> u8;\n|}"),
    ("statements stay on one line where they were, as far as they fit",
     "|module a;\n|supervisor S {\n|strategy one_for_all;intensity 5 in 10s;\n|child A;\n|}",
     "|module a;\n|supervisor S {\n|  strategy one_for_all;  intensity 5 in 10s;\n|  child A;\n|}"),
    ("a block that is too long for one line has one statement on each",
     "|module a;\n|server LongName { init(first: string); call second(third: string) -> string; "
     "cast fourth(fifth: u8); }",
     "|module a;\n|server LongName {\n|  init(first: string);\n"
     "|  call second(third: string) -> string;\n|  cast fourth(fifth: u8);\n|}"),
    ("a statement that is too long goes on four columns further in",
     "|module a;\n|server B {\n|  call a_long_name_of_a_call(with_a_parameter: string, "
     "and_another: string) -> string throws SomeError timeout 5s;\n|}",
     "|module a;\n|server B {\n|  call a_long_name_of_a_call(with_a_parameter: string, "
     "and_another: string) -> string\n|      throws SomeError timeout 5s;\n|}"),
    ("at most one blank line, and none beside a brace",
     "|\n|module a;\n|\n|\n|\n|struct B {\n|\n|  x: u8;\n|\n|\n|  y: u8;\n|\n|}\n|\n|",
     "|module a;\n|\n|struct B {\n|  x: u8;\n|\n|  y: u8;\n|}"),
    ("comments stay where they are; a doc comment sits on what it tells about",
     "|// file\n|module a;// module\n|/// Doc.\n|\n|struct B { // struct\n|x: u8; /* x */ y: u8;\n"
     "|// last\n|}\n|// end",
     "|// file\n|module a;  // module\n|/// Doc.\n|struct B {  // struct\n"
     "|  x: u8; /* x */  y: u8;\n|  // last\n|}\n|// end"),
    ("comments within a statement",
     "|module a;\n|server B {\n|  init(x: u8, // the x\n|    // the y\n|    y: u8);\n|}",
     "|module a;\n|server B {\n|  init(x: u8,  // the x\n|      // the y\n|      y: u8);\n|}"),
    ("a byte order mark goes, every word stays",
     "|\ufeffmodule a;\n|struct B { x: u8; }", "|module a;\n|struct B { x: u8; }"),
    ("an annotation may have a line of its own",
     "|module a;\n|@added( 3 )\n|struct B { x: u8; }\n|@deprecated(3,use:x) struct C{ }",
     "|module a;\n|@added(3)\n|struct B { x: u8; }\n|@deprecated(3, use: x) struct C {}"),
    ("signs",
     "|module a :: b version 3;\n|const c:i32=- 5;\n|enum E{x;..}\n|alias T=( u8,list < T > ? );\n"
     "|registry R{ key(u8,u8); }\n"
     "|server S{ uses A(call),B ( topic );state{ @private c:u8 ? ; } }\n"
     "|application b{ env{ x:u8=4 in 1 .. 64; }start_phases[ p,q ]; }\n"
     "|supervisor U{ child c:S( x:env . x,y:[ 1,2 ] )handlers[ H( a ) ]; }",
     "|module a::b version 3;\n|const c: i32 = -5;\n|enum E { x; .. }\n"
     "|alias T = (u8, list<T>?);\n|registry R { key (u8, u8); }\n"
     "|server S { uses A (call), B (topic); state { @private c: u8?; } }\n"
     "|application b { env { x: u8 = 4 in 1..64; } start_phases [p, q]; }\n"
     "|supervisor U { child c: S(x: env.x, y: [1, 2]) handlers [H(a)]; }"),
    ("each declaration begins a line", "|module a; const b: u8 = 1; struct C {} struct D {}",
     "|module a;\n|const b: u8 = 1;\n|struct C {}\n|struct D {}"),
]


def unmarked(text):
    return "".join(line[1:] + "\n" for line in text.split("\n"))


def run(*arguments, stdin=None):
    return subprocess.run([OTPC, "format", *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=300)


def lexemes(data):
    """Words, signs and comments; the blanks at the ends of comments' lines do not count."""
    text = data.decode().replace("\ufeff", "")
    return [re.sub(r"[ \t\r]+(?=\n|$)", "", each) if each[:2] in ("//", "/*") else each
            for each in LEXEME.findall(text)]


def mutated(data, chance):
    """Other white space between the same words, here and there a comment more."""
    result = []
    text = data.decode().replace("\ufeff", "")
    end = 0
    for match in LEXEME.finditer(text):
        between = text[end:match.start()]
        end = match.end()
        before = result[-1] if result else ""
        if chance.random() < 0.3:
            # Not at the very left, where a word would begin a declaration.
            between = chance.choice(["", " ", "  ", "\n ", "\n\n\n\t ", " \r\n "])
            if between == "" and re.search(r"[\w.:>?-]$", before) and re.match(r"[\w.:>-]",
                                                                               match.group()):
                between = " "
        if chance.random() < 0.05:
            between += chance.choice([" /* c */ ", "\n /* c */", "/* c */\n ", " // c  \n ",
                                      "\n // c\n ", " /* c  \n     d */ "])
        if before.startswith("//") and "\n" not in between.split("/")[0]:
            between = "\n " + between
        # Two signs must not become the begin of a comment.
        if before.endswith("/") and match.group()[0] in "/*" and not between:
            between = " "
        result += [between, match.group()]
    return "".join(result).encode()


def check_case(title, before, after):
    done = run("-", stdin=unmarked(before).encode())
    if done.stdout.decode() != unmarked(after):
        findings.append(f"{title}:\n{done.stdout.decode()}{done.stderr.decode()}")


def check_all(files):
    """{path: bytes} all at once: the properties."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    paths = []
    for number, data in enumerate(files.values()):
        paths.append(SCRATCH / f"{number}.otp")
        paths[-1].write_bytes(data)
    first = run(*paths)
    once = [path.read_bytes() for path in paths]
    run(*paths)
    refused = set(re.findall(r"/(\d+)\.otp:\d", first.stderr.decode()))
    for path, name, data, result in zip(paths, files, files.values(), once):
        if path.stem in refused:
            if result != data:
                findings.append(f"{name}: refused, and changed")
            continue
        if lexemes(result) != lexemes(data):
            findings.append(f"{name}: does not keep every word, sign and comment: {path}")
        if path.read_bytes() != result:
            findings.append(f"{name}: changes when formatted again: {path}")
        long = [line for line in result.decode().splitlines()
                if len(line) > 100 and not re.search('//|/[*]|"|(list<){9}', line)]
        if long and "OTP0" not in name:
            findings.append(f"{name}: {len(long[0])} columns: {long[0]}")
    left = [each.name for each in SCRATCH.iterdir() if each not in paths]
    if left:
        findings.append(f"leaves {left}")
    return refused


def main():
    for case in CASES:
        check_case(*case)
    found = {str(path.relative_to(ROOT)): path.read_bytes() for path in sorted(ROOT.rglob("*.otp"))
             if "build" not in path.relative_to(ROOT).parts}
    chance = random.Random(SEED)
    check_all(found)
    refused = {name for name in found
               if run("--check", "-", stdin=found[name]).stderr.startswith(b"error")}
    good = {name: data for name, data in found.items()
            if name not in refused and len(data) < 50_000}
    mutants = {f"{name}, mutant {i} of seed {SEED}": mutated(data, chance)
               for name, data in good.items() for i in range(ROUNDS)}
    wrongly = check_all(mutants)
    for number in sorted(wrongly, key=int)[:5]:
        findings.append(f"{list(mutants)[int(number)]}: refused: {SCRATCH / number}.otp")

    # The command.
    ugly, tidy, broken = (SCRATCH / f"{name}.otp" for name in ("ugly", "tidy", "broken"))
    tidy.write_text("module tidy;\nstruct A { x: u8; }\n")
    ugly.write_text("module ugly;\nstruct A {x: u8;}\n")
    broken.write_text("module broken;\nstruct A {x: u8}\n")
    ugly.chmod(0o640)
    for what, arguments, status, text in [
            ("--check of a tidy file", ["--check", tidy], 0, ""),
            ("--check of another", ["--check", tidy, ugly], 1, "ugly.otp is not formatted"),
            ("a broken file", [broken, ugly], 1, "expected `;`"),
            ("a missing file", ["missing.otp"], 3, "cannot read `missing.otp`"),
            ("no file", [], 2, "at least one schema")]:
        done = run(*arguments)
        if done.returncode != status or text not in done.stderr.decode() or done.stdout:
            findings.append(f"{what}: {done}")
    if ugly.read_text() != "module ugly;\nstruct A { x: u8; }\n":
        findings.append(f"beside a broken file: {ugly.read_text()}")
    if ugly.stat().st_mode & 0o777 != 0o640:
        findings.append("the file's permissions are not kept")
    if broken.read_text() != "module broken;\nstruct A {x: u8}\n":
        findings.append("a broken file is changed")

    for finding in findings:
        print(finding)
    print(f"{len(CASES)} cases, {len(found)} schemas ({len(refused)} refused), "
          f"{len(mutants)} mutants, {len(findings)} findings")
    return 1 if findings or not good else 0


sys.exit(main())
