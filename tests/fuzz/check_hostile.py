#!/usr/bin/env python3
"""Schemas that mean no good: check_hostile.py OTPC SCRATCH

Every command answers with exit status 0 or 1, within the time of the processor and the memory
named below, whatever it is given. A debugging or sanitized otpc needs more: OTP_HOSTILE_FACTOR
multiplies both.
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys

OTPC, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2])
FACTOR = float(os.environ.get("OTP_HOSTILE_FACTOR", "1"))
SECONDS, MEGABYTES = 10 * FACTOR, 1500 * FACTOR
COMMANDS = {
    "check": ["check"],
    "gen": ["gen", "--out-dir", "out"],
    "erlang": ["gen", "--lang=erlang", "--out-dir", "erlang"],
    "format": ["format", "--check"],
    "ir": ["ir"],
    "graph": ["graph"],
    "fix": ["fix", "--diff"],
    "compat": ["compat", "--accept"],
}
findings = []


def measured(command):
    """Exit status, seconds, megabytes, what it printed."""
    with open(SCRATCH / "said", "w+b") as said:
        process = subprocess.Popen([OTPC, *command], cwd=SCRATCH, stdout=subprocess.DEVNULL,
                                   stderr=said, preexec_fn=limit)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return (process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
                said.read(300_000).decode(errors="replace"))


def limit():
    """An endless loop must end the test, not the machine."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(2 * SECONDS), int(2 * SECONDS)))


def expect(what, name, status, text="", only=COMMANDS):
    """`status`: what `check` answers."""
    worst = (0, 0)
    for command in only:
        found = [] if command == "format" else ["-I."]
        code, seconds, megabytes, said = measured([*COMMANDS[command], *found, name])
        worst = max(worst[0], seconds), max(worst[1], megabytes)
        if code not in (0, 1) or (command == "check" and code != status):
            findings.append(f"{what}: {command} ends with {code}\n{said[:1000]}")
        if seconds > SECONDS or megabytes > MEGABYTES:
            findings.append(f"{what}: {command} takes {seconds:.1f} s, {megabytes:.0f} MB")
        if command == "check" and text not in said:
            findings.append(f"{what}: does not say {text!r}\n{said[:1000]}")
        if len(said) > 200_000:
            findings.append(f"{what}: {command} says {len(said)} bytes")
    print(f"{what}: {worst[0]:.1f} s, {worst[1]:.0f} MB")


def write(name, *parts):
    path = SCRATCH / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(part if isinstance(part, bytes) else part.encode()
                              for part in parts))
    return name


def check_nesting():
    for what, opening, closing in (("types", "list<", ">"), ("tuples", "(", ")"),
                                   ("optionals", "", "?")):
        expect(f"100,000 {what} in each other", write(
            "deep.otp", "module deep;\nalias A = ", (opening + "\n") * 100_000, "u8",
            (closing + "\n") * 100_000, ";\n"), 1)
    expect("100,000 lists in each other",
           write("lists.otp", "module lists;\nconst a: u8 = ", "[\n" * 100_000), 1, "levels deep")
    expect("100,000 open braces", write("braces.otp", "module braces;\nstruct A ", "{\n" * 100_000),
           1, "levels deep")
    expect("100,000 closing braces", write("closed.otp", "module closed;\n", "}\n" * 100_000), 1)
    expect("100,000 annotations", write("notes.otp", "module notes;\n", "@added(1)\n" * 100_000,
                                        "struct A { x: u8; }\n"), 1)


def check_size():
    members = "".join(f"m{i};\n" for i in range(1_000_000))
    expect("an enum of a million members", write("many.otp", "module many;\nenum E {\n", members,
                                                 "}\n"), 0, only=["check"])
    letters = "x" * 1_000_000
    expect("a name of a megabyte", write("name.otp", "module name;\nstruct ", letters,
                                         " { x: u8; }\n"), 1, "characters")
    expect("a name of a line", write("line.otp", "module line;\nstruct ", letters[:90_000],
                                     " {\n  x: u8;\n}\nstruct B { a: ", letters[:89_999], "; }\n"),
           1)
    expect("a number of a line", write("number.otp", "module number;\nconst a: u64 = ",
                                       "9" * 90_000, ";\n"), 1)
    expect("a bigint of a line", write("bigint.otp", "module bigint;\nconst a: bigint = 0x",
                                       "f" * 90_000, ";\n"), 1)
    expect("a bigint of 10,000 digits", write("digits.otp", "module digits;\nconst a: bigint = ",
                                              "9" * 10_000, ";\n"), 0)
    expect("a text of a line", write("text.otp", "module text;\nconst a: string = \"",
                                     "\\n" * 40_000, "\";\n"), 0)
    expect("50,000 mistakes", write("wrong.otp", "module wrong;\n", "".join(
        f"struct A{i} {{ x: B{i}; }}\n" for i in range(50_000))), 1)
    expect("50,000 times the same name", write("same.otp", "module same;\n",
                                               "struct A { x: u8; }\n" * 50_000), 1)
    expect("10,000 aliases in a row", write("chain.otp", "module chain;\nalias A0 = u8;\n", "".join(
        f"alias A{i} = A{i - 1};\n" for i in range(1, 10_000))), 0)
    expect("10,000 aliases, the last one first", write("back.otp", "module back;\n", "".join(
        f"alias A{i} = A{i + 1};\n" for i in range(10_000)), "alias A10000 = u8;\n"), 1,
        "levels deep")
    expect("aliases that double", write("double.otp", "module double;\nalias A0 = u8;\n", "".join(
        f"alias A{i} = (A{i - 1}, A{i - 1});\n" for i in range(1, 60))), 1, "1000 parts")
    for restart in ("permanent", "temporary"):
        tree = "".join(f"supervisor S{i} {{ child a: S{i - 1}; child b: S{i - 1}; }}\n"
                       for i in range(1, 60))
        expect(f"supervisors that double, {restart}", write(
            f"{restart}.otp", f"module {restart};\nserver W {{ init(); call get() -> u8; }}\n"
            "server U { uses W (call); init(); cast put(); }\n"
            f"supervisor S0 {{ child w: W restart {restart}; }}\n", tree,
            "supervisor Top { child s: S59; child u: U; }\n"), 0, only=["check"])
    expect("values in each other", write("inner.otp", "module inner;\n", "".join(
        f"struct A{i} {{ x: A{i + 1}; }}\n" for i in range(30_000)), "struct A30000 {}\n"), 0)
    expect("values that contain each other", write("value.otp", "module value;\n", "".join(
        f"struct A{i} {{ x: A{(i + 1) % 10_000}; }}\n" for i in range(10_000))), 1)
    expect("calls in a circle of 3000", write("circle.otp", "module circle;\n", "".join(
        f"server A{i} {{ uses A{(i + 1) % 3000} (call); init(); call a(); }}\n"
        for i in range(3000))), 1, "deadlock")
    expect("300 servers that all call each other", write("all.otp", "module all;\n", "".join(
        f"server A{i} {{ uses " + ", ".join(f"A{j} (call)" for j in range(300) if j != i)
        + "; init(); call a(); }\n" for i in range(300))), 1, "deadlock")


def check_imports():
    for i in range(40):
        write(f"bomb/l{i}a.otp", f"module bomb::l{i}a;\n", bomb(i), f"struct A{i} {{ x: u8; }}\n")
        write(f"bomb/l{i}b.otp", f"module bomb::l{i}b;\n", bomb(i), f"struct A{i} {{ x: u8; }}\n")
    expect("imports that double 40 times", "bomb/l39a.otp", 0)
    for i in range(3000):
        write(f"row/m{i}.otp", f"module row::m{i};\n",
              f"import row::m{i + 1};\n" if i < 2999 else "", "struct A { x: u8; }\n")
    expect("3000 imports in a row", "row/m0.otp", 0)
    write("self.otp", "module self;\nimport self;\n")
    expect("an import of itself", "self.otp", 1)
    write("to/a.otp", "module to::a;\nimport to::a::a::a::a;\n")
    expect("an import of what is not there", "to/a.otp", 1, "is not found")


def bomb(level):
    return "".join(f"import bomb::l{level - 1}{which};\n" for which in "ab") if level else ""


def check_bytes():
    expect("no UTF-8", write("latin.otp", "module latin;\n// ", b"\xe9\n"), 1, "not UTF-8")
    expect("a surrogate", write("half.otp", "module half;\n// ", b"\xed\xa0\x80\n"), 1, "not UTF-8")
    expect("an overlong NUL", write("over.otp", "module over;\n// ", b"\xc0\x80\n"), 1, "not UTF-8")
    expect("half a character at the end", write("cut.otp", "module cut; // ", b"\xe2\x82"), 1,
           "not UTF-8")
    expect("a NUL", write("nul.otp", "module nul;\nstruct A\0 { x: u8; }\n"), 1, "0x00")
    expect("a NUL at the end", write("last.otp", "module last;\n\0"), 1, "0x00")
    expect("CRLF", write("crlf.otp", "module crlf;\r\n/// A.\r\nstruct A {\r\n  x: u8;\r\n}\r\n"),
           0)
    expect("CR alone", write("cr.otp", "module cr;\r/// A.\rstruct A { x: u8; }\r"), 0)
    expect("a byte order mark", write("bom.otp", "\ufeffmodule bom;\nstruct A { x: u8; }\n"), 0)
    expect("nothing but a byte order mark", write("only.otp", "\ufeff"), 1)
    expect("UTF-16", write("wide.otp", "module wide;\n".encode("utf-16")), 1, "not UTF-8")
    expect("letters of other scripts", write("gr.otp", "module gr;\nstruct Ω { x: u8; }\n"), 1)
    expect("a megabyte of quotes", write("quotes.otp", "module quotes;\n", "\"\n" * 500_000), 1)
    expect("a megabyte of comments", write("open.otp", "module open;\n", "/*\n" * 350_000), 1)
    expect("a megabyte of signs", write("signs.otp", "module signs;\n", "§\n" * 350_000), 1)
    expect("a megabyte of blanks", write("blank.otp", "module blank;\n", " \n" * 500_000), 0)


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    for check in (check_nesting, check_size, check_imports, check_bytes):
        check()
    print("\n".join(findings))
    print(f"{len(findings)} findings")
    return 1 if findings else 0


sys.exit(main())
