#include <dlfcn.h>
#include <link.h>

#include <cstdint>

#include <fmt/format.h>

#include "process/crash.h"
#include "sys/elf_symbols.h"
#include "sys/format.h"

namespace otp::detail {
namespace {

std::string symbolised(void* frame) {
  // A return address belongs to the instruction before it.
  const auto address = reinterpret_cast<std::uintptr_t>(frame) - 1;
  Dl_info info{};
  link_map* module = nullptr;
  if (dladdr1(reinterpret_cast<void*>(address), &info, reinterpret_cast<void**>(&module),
              RTLD_DL_LINKMAP) == 0)
    return fmt::format("{}", frame);
  if (info.dli_sname != nullptr) {
    return fmt::format("{} + {:#x}", demangled(info.dli_sname),
                       address - reinterpret_cast<std::uintptr_t>(info.dli_saddr));
  }
  // Symbols count from here; 0 for a program that is not position independent.
  const std::uintptr_t relative = address - module->l_addr;
  if (module->l_name[0] == '\0') {  // the program itself, and no library
    static const ElfSymbols program("/proc/self/exe");
    if (const auto* symbol = program.find(relative))
      return fmt::format("{} + {:#x}", demangled(symbol->name.c_str()), relative - symbol->address);
  }
  return fmt::format("{} ({} + {:#x})", frame, info.dli_fname, relative);
}

/// The machinery of throwing and of running processes: of no interest to whoever reads a crash.
bool is_machinery(const std::string& symbol) {
  return symbol.find("__cxa_throw") != std::string::npos ||
         symbol.find("otp::detail::run_process") != std::string::npos ||
         symbol.find("otp::detail::Worker::") != std::string::npos ||
         symbol.find("boost::") != std::string::npos ||
         symbol.find("make_fcontext") != std::string::npos ||
         symbol.find("otp::detail::note_throw") != std::string::npos ||
         symbol.find("trampoline") != std::string::npos;
}

}  // namespace

std::vector<std::string> symbolise(const std::vector<void*>& frames) {
  std::vector<std::string> lines;
  for (void* frame : frames) {
    if (std::string symbol = symbolised(frame); !is_machinery(symbol))
      lines.push_back(std::move(symbol));
  }
  return lines;
}

}  // namespace otp::detail
