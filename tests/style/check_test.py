#!/usr/bin/env python3
"""Shows of every rule that it can fail, and that it leaves alone what is right."""

import unittest

from check import CHECKS, findings_in
from source_tree import SourceFile

# rule -> [(path, text that breaks the rule)]
BAD = {
    "arrows": [
        ("compiler/source/a.cpp", '#include "ast/file.h"\n'),
        ("compiler/sema/a.cpp", '#include "lower/names.h"\n'),
        ("compiler/render/a.cpp", '#include "model/module.h"\n'),
        ("compiler/lower/a.cpp", '#include "tools/lsp/server.h"\n'),
        ("compiler/unheard_of/a.cpp", "int a;\n"),
        ("runtime/src/core/a.cpp", '#include "process/table.h"\n'),
        ("runtime/src/process/a.cpp", '#include "behaviours/plan.h"\n'),
        ("runtime/src/fiber/a.h", '  #  include "io/poller.h"\n'),
        ("runtime/src/process/a.cpp", '#include "nowhere/table.h"\n'),
    ],
    "sides": [
        ("compiler/driver/a.cpp", "#include <otp/pid.h>\n"),
        ("runtime/src/core/a.cpp", '#include "model/module.h"\n'),
    ],
    "reserved": [
        ("compiler/sema/a.cpp", "#include <antlr4-runtime.h>\n"),
        ("compiler/driver/a.cpp", '#include "OtpParser.h"\n'),
        ("runtime/src/core/a.cpp", '#include "llvm/ADT/StringRef.h"\n'),
        ("runtime/src/process/a.cpp", "#include <boost/fiber/fiber.hpp>\n"),
        ("runtime/src/sys/a.cpp", "#include <thread>\n"),
        ("runtime/src/process/a.cpp", "#include <spdlog/spdlog.h>\n"),
        ("runtime/src/process/a.cpp", "#include <boost/asio.hpp>\n"),
        ("compiler/lower/a.cpp", "#include <fstream>\n"),
    ],
    "public_headers": [
        ("runtime/include/otp/a.h", "#include <boost/version.hpp>\n"),
        ("runtime/include/otp/a.h", '#include "core/clock.h"\n'),
        ("runtime/include/otp/a.h", "#include <sys/mman.h>\n"),
        ("tests/golden/a/expected/a.otp.h", "#include <fmt/core.h>\n"),
    ],
    "driver_only": [
        ("compiler/sema/a.cpp", 'auto x = std::getenv("HOME");\n'),
        ("compiler/lower/a.cpp", "void f() { std::exit(1); }\n"),
        ("compiler/source/a.cpp", 'auto b = llvm::MemoryBuffer::getFile("a");\n'),
    ],
    "supervisor": [("runtime/src/behaviours/supervisor.cpp", '#include "process/node.h"\n')],
    "columns": [("compiler/ast/a.h", "x" * 101 + "\n"), ("cmake/a.cmake", "y" * 101 + "\n")],
    "length": [("runtime/src/core/a.cpp", "\n" * 601), ("runtime/include/otp/a.h", "\n" * 601)],
    "words": [
        ("compiler/ast/a.h", "// TO" "DO later\n"),
        ("README.md", "its behavi" "or is\n"),
        ("tests/run", "cd /ho" "me/me/otp\n"),
        ("runtime/include/otp/a.h", "// runs on a fiber\n"),
    ],
    "whitespace": [("compiler/ast/a.h", "int a; \n"), ("compiler/ast/a.h", "int a;")],
    "headers": [("compiler/ast/a.h", "int a;\n")],
    "names": [("compiler/ast/File.cpp", ""), ("runtime/src/core/a.cc", ""), ("tests/a.hpp", "")],
    "thread_local": [("runtime/src/process/a.cpp", "thread_local int a;\n")],
    "readmes": [("compiler/ast/a.h", ""), ("examples/new/main.cpp", "")],
}

# rule -> [(path, text that the rule must leave alone)]
GOOD = {
    "arrows": [
        ("compiler/sema/a.cpp", '#include "ast/file.h"\n#include "sema/scope.h"\n#include <map>\n'),
        ("runtime/src/process/a.cpp", '#include "fiber/scheduler.h"\n#include <otp/pid.h>\n'),
        ("tests/unit/sema/a.cpp", '#include "driver/options.h"\n'),
    ],
    "sides": [("compiler/lower/a.cpp", "#include <otp/gen/version.h>\n")],
    "reserved": [
        ("compiler/syntax/a.cpp", '#include "OtpParser.h"\n'),
        ("runtime/src/fiber/a.cpp", "#include <boost/fiber/fiber.hpp>\n#include <thread>\n"),
    ],
    "public_headers": [
        ("runtime/include/otp/a.h", "#include <cstdint>\n#include <otp/pid.h>\n"),
        ("tests/golden/a/expected/a.otp.cpp", '#include "b/a.otp.h"\n#include <otp/gen/call.h>\n'),
    ],
    "driver_only": [
        ("compiler/driver/a.cpp", 'auto x = std::getenv("HOME");\n'),
        ("compiler/sema/a.cpp", '// argv is the driver\'s\nauto s = "argv getenv";\n'),
    ],
    "supervisor": [
        ("runtime/src/behaviours/supervisor.cpp", '#include "behaviours/restart_plan.h"\n'),
        ("runtime/src/behaviours/gen_server.cpp", '#include "process/node.h"\n'),
    ],
    "columns": [("compiler/ast/a.h", "ä" * 100 + "\n"), ("README.md", "x" * 200 + "\n")],
    "length": [("runtime/src/core/a.cpp", "\n" * 600)],
    "words": [("runtime/src/fiber/a.h", "// a fiber serves a process; its behaviour\n")],
    "whitespace": [("compiler/ast/a.h", "int a;\n"), ("compiler/ast/empty.h", "")],
    "headers": [("compiler/ast/a.h", "// why\n#pragma once\n")],
    "names": [("compiler/ast/file_a.cpp", ""), ("tests/diagnostics/OTP0001/bad.otp", "")],
    "thread_local": [
        ("runtime/src/fiber/scheduler.cpp", "thread_local int a;\n"),
        ("runtime/src/core/a.cpp", "// no thread_local here\n"),
    ],
    "readmes": [("README.md", "")],
}


class StyleTest(unittest.TestCase):
    def check_cases(self, cases, expect_finding):
        for rule, files in cases.items():
            for path, text in files:
                with self.subTest(rule=rule, path=path, text=text[:60]):
                    findings = findings_in([SourceFile(path, text.encode())], [rule])
                    self.assertEqual(bool(findings), expect_finding, findings)
                    self.assertTrue(all(str(finding).startswith(path.split("/")[0])
                                        for finding in findings))

    def test_every_rule_has_a_bad_and_a_good_case(self):
        self.assertEqual(set(BAD), set(CHECKS))
        self.assertEqual(set(GOOD), set(CHECKS))

    def test_bad_text_is_found(self):
        self.check_cases(BAD, True)

    def test_good_text_is_left_alone(self):
        self.check_cases(GOOD, False)

    def test_a_finding_names_its_place(self):
        file = SourceFile("runtime/src/core/a.cpp", b'int a;\n\n#include "process/table.h"\n')
        [finding] = findings_in([file], ["arrows"])
        self.assertEqual(str(finding).split(": ")[0], "runtime/src/core/a.cpp:3")


if __name__ == "__main__":
    unittest.main()
