// Function names of the running program that the dynamic linker does not know: those with internal
// linkage, such as the members of a class in an anonymous namespace, which is where handlers
// usually live.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace otp::detail {

/// The symbol table of one ELF file, read once; empty for a stripped file.
class ElfSymbols {
 public:
  explicit ElfSymbols(const std::string& path);
  struct Symbol {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string name;
  };
  /// The function that contains the address (relative to where the file is loaded); null when there
  /// is none.
  const Symbol* find(std::uint64_t address) const;

 private:
  std::vector<Symbol> functions_;  ///< by address
};

}  // namespace otp::detail
