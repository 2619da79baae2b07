#!/usr/bin/env python3
"""Compiles generated code with every warning as an error: check.py OTPC RUNTIME_INCLUDE SCRATCH CXX

Schemas: the golden ones, and hostile ones made here,
        in which every keyword of C++ and every common macro stands in every
place where a schema has a name. Also: a server class in which a message is forgotten does not
compile.
"""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLAGS = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
        "-Wconversion", "-Werror"]


# Of the macros; all of them are in macros().
MACROS = ["EOF", "NULL", "EACCES", "INT_MAX", "SIZE_MAX", "BIG_ENDIAN", "LC_ALL", "SIGTERM",
          "assert", "errno", "htonl", "major", "offsetof", "si_pid", "st_atime", "stderr", "unix",
          "va_arg", "alloca", "sched_priority", "SYS_read", "__linux__", "_Bool"]

# What the classes of declarations have as members.
MEMBERS = ["address", "async", "at", "await", "id", "notify", "open", "publish", "run", "spec",
           "start", "start_child", "start_link", "start_monitor", "subscribe", "try",
           "whereis"]


def hostile_words():
    text = (ROOT / "compiler/lower/names.cpp").read_text()
    words = re.findall(r'"(\w+)"', text[text.index("keywords{"):]) + MACROS
    extra = ["main", "std_", "string", "vector", "move", "next", "type", "kind", "result",
             "request", "message", "deliver", "from", "timeout", "args", "options", "call", "cast",
             "info", "server", "value", "self", "name", "spec", "on_init", "on_call"]
    unique = {}
    # Nothing may begin with `otp_`; a call `call` has an `async_call` too, and so on.
    words = [word for word in words if not word.lower().startswith(("otp_", "async_", "sync_"))]
    for word in words + extra:
        if word not in ("true", "false", "none") and word.isidentifier():
            unique.setdefault(word.lower(), word)
    return sorted(unique.values())


def types_of_the_language():
    """No declaration is called as one of these."""
    text = (ROOT / "compiler/ast/ast.cpp").read_text()
    text = text[text.index(" types{"):]
    return re.findall(r'"(\w+)"', text[:text.index("}")])


# Who holds whom: what runs, and what it is told, name each other in every way that has an end.
CIRCLES = """struct Holder { who: pid<Ring>; machine: pid<Machine>?; more: list<Holder>; }
struct Far { holder: Holder; other: pid<Other>?; far: map<u8, Far>; }
struct Event { machine: pid<OneHandler>?; }
topic News(key: u8) { told(holder: Holder, all: list<Holder>); }
events Audit { event seen(holder: Holder?); }
handler Log for Audit { init(holder: Holder?); on seen; call last(holder: Holder?) -> Holder; }
task Early(holder: Holder?) -> Holder throws Wrong;
task Late(ring: pid<Ring>?) -> list<Holder>;
agent Holders { list<Holder>; }
registry Rings { key u8; names Ring; }
registry Machines { key u8; names Machine; }
error Wrong { held(holder: Holder); several(all: list<Wrong>); }
union Tree { leaf(all: All); node(children: list<Tree>); }
struct All { tree: list<Tree>; owner: pid<Owner>; }
server Owner {
  init(all: All) throws Wrong;
  state { all: All; tree: Tree; }
  call get(all: All) -> Tree throws Wrong;
}
protocol Asked { call ask(far: Far?, all: list<Far> = []) -> Far throws Wrong; }
server Ring {
  init(next: pid<Ring>?, holder: Holder?);
  state { all: list<Holder>; one: Holder?; other: pid<Other>?; }
  call swap(holder: Holder, next: pid<Ring>?) -> Holder?;
  cast subscribe(who: pid<Other>, far: Far?);
}
server Other : Asked { init(ring: pid<Ring>, machine: pid<Machine>); info down(ring: down<Ring>); }
statem Machine {
  init(ring: pid<Ring>?, machine: pid<Machine>?) -> on;
  data { holder: Holder?; machine: pid<Machine>?; }
  state on { call end(holder: Holder) -> Far to off; }
  final state off;
}
@callback_mode(handle_event_function) statem OneHandler {
  init() -> on;
  state on { call end(event: Event) -> Event throws Wrong to off; }
  final state off;
}
dynamic supervisor RingSup { child Ring; }"""

# What a supervisor gives its children comes from the application, in each kind of supervisor.
ENVIRONMENTS = """server A { init(x: u8, y: duration, z: string = "z"); }
events Audit { event seen; }
handler Log for Audit { init(path: string); on seen; }
task Job(x: u8);
dynamic supervisor Some { child A(x: env.x); }
dynamic supervisor Jobs { child Job(x: env.x) restart temporary; }
dynamic supervisor Trees { child Inner; }
registry Keys { key u8; }
agent Counts { map<string, u8>; }
dynamic supervisor Agents { child Counts; }
dynamic supervisor Managers { child Audit; }
partition supervisor Parts { child A(x: env.x, y: env.y) partitions 2; }
supervisor Inner { child A(env.x, env.y, z: env.z); }
supervisor Top {
  child Keys; child Counts; child Agents; child Managers;
  child Some; child Jobs; child Trees; child Parts; child Job(x: env.x);
  child Audit handlers [Log(path: env.z)];
}
application environments { env { x: u8 = 3 in 1..5; y: duration = 1s; z: string; } start Top; }"""

# A helper's name made of two, an event's of a state's and its own, and the class's own.
MADE = """struct circle { circle: u8; Args: u8; }
union Shape { circle(circle: circle, y: u8); Shape_; }
const to_string: u8 = 5;
enum Colours { to_string; Colours; }
topic T(event: u8, Event: u8, Message: u8, T: u8) { Message; Event(x: u8); publish; a(a: u8); }
server counter { init(); uses T (topic);
                 cast StateV1; cast handle_info; }
server S { init(); trap_exit; cast exit_; }
statem Keeper {
  init() -> keep;
  state keep { cast state to repeat; call transitions() -> u8; }
  state repeat { cast state to otp; cast Data; }
  state otp { cast init to string; cast begin; cast StateAndData; }
  state string { cast to_string to last; }
  final state last;
}
@callback_mode(handle_event_function) statem OneKeeper {
  init() -> first;
  state first { cast Event to last; cast StateTimeout; cast NamedTimeout; cast begin(begin: u8);
                cast keep_state; cast handle_event; cast enter; cast data; cast Transition;
                cast to_string; cast Stay; cast transitions; }
  final state last;
}
task Job(run: u8, async: u8, Job: u8, Result: u8) -> u8;"""

# Comments end where their lines end, whatever stands there.
COMMENTS = """/// C:\\
struct A {
  /// The folder: D:\\\x20
  folder: string;
  /// What??/
  file: string;
}
server S {
  init(a: A);
  /// E:\\
  call get() -> A;
}"""

# All that may be a key, wherever there are keys.
KEYS = {"tuple": "(u8, string)", "duration": "duration", "list": "list<u8>", "enum": "Colour",
        "time": "time", "array": "array<u8, 2>", "atom": "atom", "bytes": "bytes", "ref": "ref",
        "bigint": "bigint", "bool": "bool", "optional": "(u8, bool)?"}


def keys():
    text = "enum Colour { red; blue; }\nserver A { init(); call get(" \
        + ", ".join(f"key_{name}: {key}" for name, key in KEYS.items()) + "); }\n"
    for name, key in KEYS.items():
        text += f"registry R_{name} {{ key {key}; names A; }}\n" \
            f"topic T_{name}(key: {key}) {{ a; }}\n" \
            f"struct S_{name} {{ keys: set<{key}>; values: map<{key}, u8>; }}\n" \
            f"partition supervisor P_{name} {{ child A partitions 2 by key_{name}; }}\n"
    return text


def hostile_schemas(folder):
    words = hostile_words()
    types = types_of_the_language()
    declared = [word for word in words if word not in types]
    # In one class a state `string` has a `to_string` too.
    events = [word for word in words if word != "string"]
    fields = " ".join(f"{word}: u8 = 1;" for word in words)
    parameters = ", ".join(f"{word}: u8" for word in words)
    schemas = {
        "fields": f"struct Fields {{ {fields} }}",
        "members": "enum Members { " + " ".join(f"{word};" for word in words) + " }",
        "cases": "union Cases { " + " ".join(f"{word}(x: u8);" for word in words) + " }",
        "errors": "error Errors { " + " ".join(f"@transient {word};" for word in words) + " }",
        "structs": " ".join(f"struct {word} {{ x: u8; }}" for word in declared),
        "enums": " ".join(f"enum {word} {{ x; }}" for word in declared),
        "constants": " ".join(f"const {word}: u8 = 1;" for word in declared),
        "calls": "server Calls { init(" + parameters + "); "
                 + " ".join(f"call {word}({word}: u8, on_{word}: bool) -> u8;" for word in words
                            if word != "exit") + " }",
        "casts": "server Casts { init(); "
                 + " ".join(f"cast {word}({word}: u8, on_{word}: u8);" for word in words
                            if word != "exit") + " }",
        "env": "server A { init(); } supervisor Sup { child A; } application env { env { "
               + fields + " } start Sup; }",
        "circles": CIRCLES,
        "environments": ENVIRONMENTS,
        "made": MADE,
        "infos": "server Infos { init(); "
                 + " ".join(f"info {word}({word}: u8);" for word in words if word != "exit") + " }",
        "continues": "server Continues { init(); "
                     + " ".join(f"continue {word}({word}: u8);" for word in words
                                if word != "exit") + " }",
        "protocols": "protocol Asked { "
                     + " ".join(f"call {word}({word}: u8) -> u8;" for word in words
                                if word != "exit")
                     + " } server Asks : Asked { init(); }",
        "events": "events Told { " + " ".join(f"event {word}(x: u8);" for word in words)
                  + " } handler Hears for Told { init(" + parameters + "); on "
                  + ", ".join(words) + "; } handler Asks for Told { init(); "
                  + " ".join(f"call {word}(x: u8) -> u8;" for word in words) + " }",
        "topics": "topic Topics(" + parameters + ") { "
                  + " ".join(f"{word}({word}: u8);" for word in words) + " }",
        "tasks": f"task Tasks({parameters}) -> u8;",
        "states": "statem States { init() -> " + words[0] + "; data { " + fields + " } "
                  + " ".join(f"state {word} {{ {'on enter; ' * (word != 'enter')}"
                             f"cast {word}(x: u8) to {after}; "
                             f"call ask_{word}() -> u8; timeout {word} 5s; }}"
                             for word, after in zip(words, [*words[1:], "last_of_all"]))
                  + " final state last_of_all; any { cast everywhere; } }",
        "one_handler": "@callback_mode(handle_event_function) statem OneHandler { init() -> "
                       + events[0] + "; "
                       + " ".join(f"state {word} {{ cast {word}(x: u8) to {after}; }}"
                                  for word, after in zip(events, [*events[1:], "last_of_all"]))
                       + " final state last_of_all; }",
        "registries": " ".join(f"registry {word} {{ key u8; }}" for word in MEMBERS),
        "agents": " ".join(f"agent {word} {{ u8; }}" for word in MEMBERS),
        "servers": " ".join(f"server {word} {{ init(); call get() -> u8; }}" for word in MEMBERS),
        "task_names": " ".join(f"task {word}(x: u8) -> u8;" for word in MEMBERS),
        "topic_names": " ".join(f"topic {word}(x: u8) {{ a; }}" for word in MEMBERS),
        "managers": " ".join(f"events {word} {{ event a; }}" for word in MEMBERS),
        "supervisors": "server Child_ { init(); } "
                       + " ".join(f"supervisor {word} {{ child Child_; }}" for word in MEMBERS),
        "comments": COMMENTS,
        "keys": keys(),
        "traps": "server A { init(); trap_exit; terminate; call init(); call terminate(); }",
    }
    for name, text in schemas.items():
        (folder / f"{name}.otp").write_text(f"module hostile_{name};\n{text}\n")
    for word in ("class", "std", "otp", "errno"):
        text = f"module {word}::{word};\nserver A {{ init(); call get() -> u8; }}\n"
        (folder / f"module_{word}.otp").write_text(text)
    return sorted(folder.glob("*.otp"))


def macros(otpc, scratch, cxx, include):
    """What the headers of the generated code define, as the names of a schema; and which of them it
    lets through."""
    out = scratch / "macros"
    everything = ROOT / "tests/golden/everything/everything.otp"
    behaviours = ROOT / "tests/golden/behaviours/behaviours.otp"
    subprocess.run([otpc, "gen", "--test-doubles", "--out-dir", out, everything, behaviours],
                   check=True)
    source = out / "macros.cpp"
    source.write_text("".join(f'#include "{name}.otp.testing.h"\n#include "{name}.otp.cpp"\n'
                              for name in ("everything", "behaviours")))
    done = subprocess.run([cxx, "-std=c++23", "-E", "-dM", f"-I{include}", f"-I{out}", source],
                          capture_output=True, text=True, check=True)
    defined = set(re.findall(r"^#define (\w+)", done.stdout, re.M))
    # What begins with `_` has a rule, not a list.
    names = sorted(each for each in defined if not each.lower().startswith(("otp_", "_")))
    schema = out / "all_macros.otp"
    schema.write_text("module all_macros;\nenum All { " + " ".join(f"{each};" for each in names)
                      + " }\n")
    done = subprocess.run([otpc, "gen", "--out-dir", out, schema], capture_output=True, text=True)
    if done.returncode != 0:
        return [done.stderr[:2000]]
    header = (out / "all_macros.otp.h").read_text()
    members = re.findall(r"^  (\w+),$", header, re.M)
    if len(members) != len(names) or len(names) < 500:
        return [f"{len(members)} members of {len(names)} macros"]
    return sorted(defined.intersection(members))


def compile_with(cxx, source, includes):
    done = subprocess.run([cxx, *FLAGS, *[f"-I{each}" for each in includes], source],
            capture_output=True, text=True)
    return done.returncode, done.stderr


def forgotten_message(cxx, out, include):
    source = out / "forgotten.cpp"
    source.write_text('#include "everything.otp.h"\n'
                      "struct Half final : golden::everything::StockServer {\n"
                      "otp::Init init() override { return otp::ok(); } };\n"
                      "Half half;\n")
    status, text = compile_with(cxx, source, [include, out])
    return status != 0 and "left" in text


def deprecated_is_told(cxx, out, include):
    """Who uses what is deprecated gets an error here, and is told what to use; others get none."""
    uses = {"cart.put({});": "use add", "golden::versions::Sku sku;": "since version 2",
            "golden::versions::Item().qty = 1;": "use amount", "cart.try_count();": "use size",
            "cart.urgent(1);": None, "golden::versions::Item().amount = 1;": None}
    wrong = []
    for use, text in uses.items():
        source = out / "deprecated.cpp"
        source.write_text('#include "versions.otp.h"\n'
                          f"void f(golden::versions::Cart cart) {{ (void)cart; {use} }}\n")
        status, told = compile_with(cxx, source, [include, out])
        if (status != 0) != (text is not None) or (text or "") not in told:
            wrong.append(f"{use}: {status}\n{told[:1000]}")
    return wrong


def main():
    otpc, include, scratch, cxx = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
    shutil.rmtree(scratch, ignore_errors=True)
    schema_dir = scratch / "schemas"
    schema_dir.mkdir(parents=True)
    schemas = hostile_schemas(schema_dir) + sorted((ROOT / "tests/golden").glob("*/*.otp"))
    out = scratch / "out"
    failed = 0
    compilers = [cxx] + ([shutil.which("clang++-22")] if shutil.which("clang++-22") else [])
    for schema in schemas:
        done = subprocess.run([otpc, "gen", "--test-doubles", "--out-dir", out, schema],
                              capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{schema.name}: otpc refuses it\n{done.stderr[:2000]}")
            failed += 1
            continue
        for compiler in compilers if schema.name == "everything.otp" else [cxx]:
            source = out / f"{schema.name}.with_doubles.cpp"
            source.write_text(f'#include "{schema.name}.testing.h"\n'
                              f'#include "{schema.name}.cpp"\n')
            status, text = compile_with(compiler, source, [include, out])
            if status != 0:
                print(f"{schema.name} with {compiler}:\n{text[:3000]}")
                failed += 1
    if not forgotten_message(cxx, out, include):
        print("a server class that forgets a message compiles")
        failed += 1
    for each in macros(otpc, scratch, cxx, include):
        print(f"a macro is no name in C++: {each}")
        failed += 1
    for each in deprecated_is_told(cxx, out, include):
        print(each)
        failed += 1
    print(f"{len(schemas)} schemas, {len(compilers)} compilers, {failed} findings")
    return 1 if failed else 0


sys.exit(main())
