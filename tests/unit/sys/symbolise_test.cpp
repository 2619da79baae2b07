// Backtraces from the throw: the thrower is in them, also when it is internal to its file, and also
// when others throw in between.
#include <dlfcn.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <otp/process.h>
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>

#include "sys/format.h"

namespace otp {
namespace {

class Collector final : public ReportSink {
 public:
  void write(const Report& report) noexcept override {
    if (const auto* crash = std::get_if<CrashReport>(&report)) {
      frames = crash->reason.frames();
      ++crashes;
    }
  }
  std::vector<void*> frames;
  std::atomic<int> crashes = 0;
};

[[gnu::noinline]] void internal_thrower(int depth) {
  if (depth > 0) {
    internal_thrower(depth - 1);
    asm volatile("");  // keeps the frame: no tail call
    return;
  }
  throw std::runtime_error("thrown on purpose");
}

std::string stack_of(std::move_only_function<void()> body) {
  const auto collector = std::make_shared<Collector>();
  Runtime runtime({.schedulers = 2, .reports = collector});
  runtime.run(std::move(body));
  EXPECT_EQ(collector->crashes, 1);
  EXPECT_LE(collector->frames.size(), 32U);
  std::string text;
  for (const std::string& line : detail::symbolise(collector->frames)) text += line + "\n";
  return text;
}

TEST(symbolise, a_crash_names_the_function_with_internal_linkage_that_threw) {
  const std::string stack = stack_of([] { internal_thrower(0); });
  EXPECT_NE(stack.find("internal_thrower"), std::string::npos) << stack;
}

TEST(symbolise, the_machinery_of_throwing_is_not_shown) {
  const std::string stack = stack_of([] { internal_thrower(0); });
  EXPECT_EQ(stack.find("__cxa_throw"), std::string::npos) << stack;
  EXPECT_EQ(stack.find("boost::"), std::string::npos) << stack;
}

TEST(symbolise, a_deep_stack_keeps_the_innermost_frames) {
  const std::string stack = stack_of([] { internal_thrower(200); });
  const std::string innermost = stack.substr(0, stack.find('\n'));
  EXPECT_NE(innermost.find("internal_thrower"), std::string::npos) << stack;
}

TEST(symbolise, a_throw_in_another_process_meanwhile_does_not_replace_the_trace) {
  const std::string stack = stack_of([] {
    struct WaitsAtTheEnd {
      ~WaitsAtTheEnd() {
        spawn_monitor([] {
          try {
            throw 7;
          } catch (int) {
          }
        });
        receive_value<Down>();
      }
    };
    const WaitsAtTheEnd waits;
    internal_thrower(0);
  });
  EXPECT_NE(stack.find("internal_thrower"), std::string::npos) << stack;
}

TEST(symbolise, an_exception_thrown_after_another_was_caught_has_its_own_trace) {
  const std::string stack = stack_of([] {
    try {
      throw std::logic_error("the first");
    } catch (const std::logic_error&) {
    }
    internal_thrower(0);
  });
  EXPECT_NE(stack.find("internal_thrower"), std::string::npos) << stack;
}

TEST(symbolise, a_nameless_address_in_a_library_is_not_given_a_name_of_the_program) {
  const auto is_nameless = [](const char* address) {
    Dl_info info{};
    return dladdr(address, &info) != 0 && info.dli_sname == nullptr;
  };
  // Asked of the library itself: a sanitizer puts functions of its own before those of the library.
  void* const library = dlopen("libc.so.6", RTLD_LAZY);
  ASSERT_NE(library, nullptr);
  const char* address = static_cast<const char*>(dlsym(library, "qsort"));
  ASSERT_NE(address, nullptr);
  const char* const end = address + 512 * 1024;
  while (address < end && !is_nameless(address)) ++address;
  ASSERT_LT(address, end) << "every address of the C library has a name";
  const auto lines = detail::symbolise({const_cast<char*>(address) + 1});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("libc.so"), std::string::npos) << lines[0];
}

TEST(symbolise, an_address_in_no_module_is_shown_as_a_number) {
  const auto lines = detail::symbolise({reinterpret_cast<void*>(0x1234)});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("1234"), std::string::npos) << lines[0];
}

}  // namespace
}  // namespace otp
