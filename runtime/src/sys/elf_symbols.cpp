#include "sys/elf_symbols.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace otp::detail {
namespace {

template <class T>
std::vector<T> read_many(std::ifstream& file, std::uint64_t offset, std::uint64_t count) {
  std::vector<T> items(count);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(items.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) items.clear();
  return items;
}

}  // namespace

ElfSymbols::ElfSymbols(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto headers = read_many<Elf64_Ehdr>(file, 0, 1);
  if (headers.empty() || std::memcmp(headers[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      headers[0].e_ident[EI_CLASS] != ELFCLASS64)
    return;
  const auto sections = read_many<Elf64_Shdr>(file, headers[0].e_shoff, headers[0].e_shnum);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& strings = sections[section.sh_link];
    const auto text = read_many<char>(file, strings.sh_offset, strings.sh_size);
    for (const Elf64_Sym& symbol :
         read_many<Elf64_Sym>(file, section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0 ||
          symbol.st_name >= text.size())
        continue;
      functions_.push_back(
          {symbol.st_value, symbol.st_size, std::string(text.data() + symbol.st_name)});
    }
  }
  std::ranges::sort(functions_, {}, &Symbol::address);
}

const ElfSymbols::Symbol* ElfSymbols::find(std::uint64_t address) const {
  auto after = std::ranges::upper_bound(functions_, address, {}, &Symbol::address);
  if (after == functions_.begin()) return nullptr;
  const Symbol& before = *std::prev(after);
  return address < before.address + before.size ? &before : nullptr;
}

}  // namespace otp::detail
