"""What can be said of one file by reading it: width, length, words, names."""

import re

from source_tree import Finding

COLUMNS = 100
SOURCE_LINES = 600
HEADER_LINES = 600

TEXT = {".cpp", ".h", ".def", ".g4", ".py", ".cmake", ".md", ".txt", ".otp", ".mustache", ".sh", ""}
WIDE_TEXT = {".md", ".mustache", ".txt"}
# Inputs and outputs of tests are as bad, long or wide as the test wants them.
TEST_DATA = ["tests/diagnostics/", "tests/golden/", "tests/fuzz/", "tests/compile/"]

# Written in two halves so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
AMERICAN = re.compile(r"\b[Bb]ehavi" r"ors?\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}*>-])/(?:home|root|wo" r"rk|Users)/\w")
VEHICLE = re.compile(r"\b(actor|fiber|coroutine)s?\b", re.IGNORECASE)

SNAKE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*$")

# The only variables of a thread: each is read where the process cannot be moved meanwhile, or in
# otpc, which has no processes.
THREAD_LOCAL_ALLOWED = {
    "runtime/src/fiber/scheduler.h",  # the scheduler, and through it the current process
    "runtime/src/fiber/scheduler.cpp",  # likewise
    "runtime/src/core/identity.cpp",  # a block of references that this thread hands out
    "runtime/src/core/message_memory.cpp",  # memory that waits for the next message
    "runtime/src/core/throw_trace.cpp",  # return addresses between a throw and its catch
    "runtime/src/io/descriptor_port.cpp",  # what has been read from the system a moment ago
    "compiler/syntax/tokens.cpp",  # the lexer's automaton, which threads would share behind a lock
    "compiler/render/render.cpp",  # parsed templates, which rendering leaves its marks in
}


def is_test_data(file):
    return any(file.path.startswith(folder) for folder in TEST_DATA) and \
        file.name not in ("CMakeLists.txt", "README.md") and not file.name.endswith(".py") and \
        (file.suffix not in (".cpp", ".h") or ".otp." in file.name)


def text_files(files):
    for file in files:
        if file.suffix in TEXT and b"\0" not in file.data and not is_test_data(file) and \
                file.name != "LICENSE":
            yield file


def check_columns(files):
    for file in text_files(files):
        if file.suffix in WIDE_TEXT and file.name != "CMakeLists.txt":
            continue
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS:
                yield Finding(file.path, number, "columns",
                              f"{len(line)} columns; at most {COLUMNS}")


def check_length(files):
    for file in files:
        limit = {".cpp": SOURCE_LINES, ".h": HEADER_LINES}.get(file.suffix)
        if limit and not is_test_data(file) and len(file.lines) > limit:
            yield Finding(file.path, 0, "length",
                          f"{len(file.lines)} lines; at most {limit}: split it")


def check_words(files):
    for file in text_files(files):
        rules = [(UNFINISHED, "unfinished work does not go in"), (AMERICAN, "spelled `behaviour`"),
                 (MACHINE_PATH, "a path of one machine")]
        if file.is_under("runtime/include"):
            rules.append((VEHICLE, "users read `process`"))
        for number, line in enumerate(file.lines, 1):
            for pattern, why in rules:
                match = pattern.search(line)
                if match:
                    yield Finding(file.path, number, "words", f"`{match.group()}`: {why}")


def check_whitespace(files):
    for file in text_files(files):
        if not file.data:
            continue
        if not file.data.endswith(b"\n"):
            yield Finding(file.path, len(file.lines), "whitespace", "the last line has no end")
        for number, line in enumerate(file.lines, 1):
            if line != line.rstrip() and file.suffix != ".md":
                yield Finding(file.path, number, "whitespace", "blanks at the end of the line")


def check_headers(files):
    for file in files:
        if file.suffix == ".h" and not is_test_data(file) and "#pragma once" not in file.lines:
            yield Finding(file.path, 0, "headers", "no #pragma once")


def check_names(files):
    for file in files:
        if not file.is_under("compiler", "runtime", "templates", "tests", "examples"):
            continue
        if file.suffix in (".cc", ".cxx", ".hpp", ".hh", ".hxx"):
            yield Finding(file.path, 0, "names", "sources end in .cpp, headers in .h")
        elif file.suffix in (".cpp", ".h", ".def", ".otp", ".mustache", ".py") and \
                not SNAKE.match(file.name) and not is_test_data(file):
            yield Finding(file.path, 0, "names", "file names are snake_case")


def check_thread_local(files):
    for file in files:
        if not file.is_under("runtime") or file.path in THREAD_LOCAL_ALLOWED or not file.is_code:
            continue
        for match in re.finditer(r"\bthread_local\b", file.code):
            line = file.code.count("\n", 0, match.start()) + 1
            yield Finding(file.path, line, "thread_local", "a process may change its thread "
                          "whenever it waits; exceptions are listed in tests/style/text_rules.py")


def check_readmes(files):
    """Every folder that is a chapter has its README.md."""
    paths = {file.path for file in files}
    chapters = set()
    for path in paths:
        parts = path.split("/")[:-1]
        if not parts or parts[0].startswith("."):
            continue
        chapters.add(parts[0])
        for parent in ("compiler", "runtime/src", "examples", "tests"):
            depth = parent.count("/") + 1
            if path.startswith(parent + "/") and len(parts) > depth:
                chapters.add("/".join(parts[:depth + 1]))
    for chapter in sorted(chapters):
        if f"{chapter}/README.md" not in paths:
            yield Finding(chapter, 0, "readmes", "this folder has no README.md")


CHECKS = [check_columns, check_length, check_words, check_whitespace, check_headers, check_names,
          check_thread_local, check_readmes]
