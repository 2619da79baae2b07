#include "source/source_manager.h"

#include <algorithm>

#include <llvm/Support/MemoryBuffer.h>

namespace otpc::source {

FileId SourceManager::add(std::string path, std::string_view text) {
  auto buffer =
      llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(text.data(), text.size()), path);
  File file{std::move(path), sources_.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc()), {0}};
  for (std::uint32_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') file.line_starts.push_back(i + 1);
  }
  files_.push_back(std::move(file));
  return static_cast<FileId>(files_.size());
}

std::string_view SourceManager::text(FileId file) const {
  const llvm::StringRef text = sources_.getMemoryBuffer(files_[file - 1].buffer)->getBuffer();
  return {text.data(), text.size()};
}

std::string_view SourceManager::text(Span span) const {
  return span ? text(span.file).substr(span.begin, span.end - span.begin) : std::string_view{};
}

std::size_t SourceManager::line_index(const File& file, std::uint32_t offset) const {
  const auto after = std::ranges::upper_bound(file.line_starts, offset);
  return static_cast<std::size_t>(after - file.line_starts.begin()) - 1;
}

Position SourceManager::position(FileId file, std::uint32_t offset) const {
  const File& entry = files_[file - 1];
  const std::size_t index = line_index(entry, offset);
  Position position{.line = static_cast<std::uint32_t>(index) + 1, .column = 1, .utf16_column = 1};
  const std::string_view all = text(file);
  const auto end = std::min<std::size_t>(offset, all.size());
  for (std::size_t i = entry.line_starts[index]; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(all[i]);
    if ((byte & 0xC0) == 0x80) continue;  // not the first byte of a code point
    ++position.column;
    position.utf16_column += byte >= 0xF0 ? 2 : 1;
  }
  return position;
}

std::string_view SourceManager::line(FileId file, std::uint32_t offset,
                                     std::uint32_t& begin) const {
  const File& entry = files_[file - 1];
  const std::size_t index = line_index(entry, offset);
  begin = entry.line_starts[index];
  std::string_view rest = text(file).substr(begin);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

}  // namespace otpc::source
