// Source texts and places in them: a thin layer on llvm::SourceMgr.
//
// A Span is three numbers; everything else (path, line, column, text) is asked of the
// SourceManager. Files are given as text: only the driver reads them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <llvm/Support/SourceMgr.h>

namespace otpc::source {

using FileId = std::uint32_t;  ///< 0 is no file

/// A half-open range of bytes in one file.
struct Span {
  FileId file = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  explicit operator bool() const { return file != 0; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// From the begin of one to the end of the other.
inline Span join(Span first, Span last) { return {first.file, first.begin, last.end}; }

/// All counted from 1.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;        ///< in code points, as editors show it
  std::uint32_t utf16_column = 1;  ///< as the language server protocol counts
};

class SourceManager {
 public:
  FileId add(std::string path, std::string_view text);

  const std::string& path(FileId file) const { return files_[file - 1].path; }
  std::string_view text(FileId file) const;
  std::string_view text(Span span) const;
  Position position(FileId file, std::uint32_t offset) const;
  /// The line that contains the offset, without its line break, and where it begins.
  std::string_view line(FileId file, std::uint32_t offset, std::uint32_t& begin) const;

 private:
  struct File {
    std::string path;
    unsigned buffer;
    std::vector<std::uint32_t> line_starts;
  };
  std::size_t line_index(const File& file, std::uint32_t offset) const;

  llvm::SourceMgr sources_;
  std::vector<File> files_;
};

}  // namespace otpc::source
