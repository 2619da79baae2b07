#include "driver/files.h"

#include <algorithm>
#include <array>
#include <set>

#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/Program.h>
#include <llvm/Support/raw_ostream.h>

namespace otpc::driver {
namespace {

namespace fs = llvm::sys::fs;

llvm::Error said(std::error_code code) {
  return llvm::createStringError(code, "%s", code.message().c_str());
}

std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == ' ' || c == '#' || c == '\\') text += '\\';
    if (c == '$') text += '$';
    text += c;
  }
  return text;
}

/// Until the end, or until it is too much.
llvm::Expected<std::string> read_to_end(fs::file_t file) {
  constexpr std::size_t limit = std::size_t{64} << 20;
  std::string bytes;
  std::array<char, 1 << 16> part{};
  while (true) {
    llvm::Expected<std::size_t> read = fs::readNativeFile(file, part);
    if (!read) return read.takeError();
    if (*read == 0) return bytes;
    if (bytes.size() + *read > limit)
      return llvm::createStringError(std::errc::file_too_large, "it has more than 64 MiB");
    bytes.append(part.data(), *read);
  }
}

llvm::Expected<std::string> read_whole(const std::string& path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) return said(buffer.getError());
  return (*buffer)->getBuffer().str();
}

/// Replaces the file as a whole; it keeps its permissions.
llvm::Error write_file(const std::string& path, const std::string& bytes) {
  const llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (!folder.empty()) {
    if (std::error_code failed = fs::create_directories(folder)) return said(failed);
  }
  const auto permissions = fs::getPermissions(path);
  auto temporary = fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!temporary) return temporary.takeError();
  {
    llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
    stream << bytes;
    stream.flush();
    if (stream.has_error()) {
      const std::error_code failed = stream.error();
      stream.clear_error();
      llvm::consumeError(temporary->discard());
      return said(failed);
    }
  }
  if (llvm::Error failed = temporary->keep(path)) return failed;
  if (permissions) {
    if (std::error_code failed = fs::setPermissions(path, *permissions)) return said(failed);
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<std::string> read_file(const std::string& path) {
  if (fs::is_directory(path)) {
    return llvm::createStringError(std::make_error_code(std::errc::is_a_directory),
                                   "it is a folder");
  }
  llvm::Expected<fs::file_t> file = fs::openNativeFileForRead(path);
  if (!file) {
    const std::error_code failed = llvm::errorToErrorCode(file.takeError());
    return said(failed);
  }
  llvm::Expected<std::string> bytes = read_to_end(*file);
  fs::closeFile(*file);
  return bytes;
}

llvm::Expected<std::string> read_stdin() { return read_to_end(fs::getStdinHandle()); }

llvm::Expected<bool> write_if_changed(const std::string& written, const std::string& bytes) {
  llvm::SmallString<256> real;
  const bool exists = !fs::real_path(written, real);
  const std::string path = exists ? real.str().str() : written;
  if (auto present = llvm::MemoryBuffer::getFile(path); present && (*present)->getBuffer() == bytes)
    return false;
  if (llvm::Error failed = write_file(path, bytes)) return failed;
  return true;
}

Manifest::Manifest(std::string path, std::string folder)
    : path_(std::move(path)), folder_(std::move(folder)) {}

std::vector<std::string> Manifest::kept() const {
  std::vector<std::string> result;
  auto present = llvm::MemoryBuffer::getFile(path_);
  if (!present) return result;
  llvm::SmallVector<llvm::StringRef> lines;
  (*present)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (const llvm::StringRef line : lines) {
    // Whoever wrote it: nothing outside of the folder is ours to remove.
    const bool inside = !llvm::sys::path::is_absolute(line) &&
                        std::find(llvm::sys::path::begin(line), llvm::sys::path::end(line), "..") ==
                            llvm::sys::path::end(line);
    if (inside) result.push_back(line.str());
  }
  return result;
}

llvm::Error Manifest::replace(const std::vector<std::string>& outputs) const {
  std::string text;
  std::set<std::string> made;
  for (const std::string& output : outputs) {
    llvm::StringRef relative(output);
    relative.consume_front(folder_);
    relative = relative.ltrim('/');
    text += relative.str() + "\n";
    made.insert(relative.str());
  }
  for (const std::string& stale : kept()) {
    if (made.contains(stale)) continue;
    llvm::SmallString<256> path(folder_);
    llvm::sys::path::append(path, stale);
    if (const std::error_code failed = fs::remove(path)) return said(failed);
    for (llvm::StringRef parent = llvm::sys::path::parent_path(stale); !parent.empty();
         parent = llvm::sys::path::parent_path(parent)) {
      llvm::SmallString<256> folder(folder_);
      llvm::sys::path::append(folder, parent);
      if (fs::remove(folder)) break;  // not empty
    }
  }
  return write_file(path_, text);  // also the same names: it is as new as the run
}

llvm::Expected<Ended> run_program(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  const std::string& input) {
  const auto found = llvm::sys::findProgramByName(program);
  if (!found) return said(found.getError());
  llvm::SmallString<128> files[3];  // standard input, output, error
  for (llvm::SmallString<128>& file : files) {
    if (std::error_code failed = fs::createTemporaryFile("otpc", "txt", file)) return said(failed);
  }
  const llvm::FileRemover removers[] = {llvm::FileRemover(files[0]), llvm::FileRemover(files[1]),
                                        llvm::FileRemover(files[2])};
  if (llvm::Expected<bool> written = write_if_changed(files[0].str().str(), input); !written)
    return written.takeError();
  std::vector<llvm::StringRef> command{*found};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::optional<llvm::StringRef> redirects[] = {files[0], files[1], files[2]};
  std::string message;
  Ended ended;
  ended.status =
      llvm::sys::ExecuteAndWait(*found, command, std::nullopt, redirects, 0, 0, &message);
  // LLVM's convention: -1 was not run, -2 crashed.
  if (ended.status == -1)
    return llvm::createStringError(std::errc::io_error, "%s", message.c_str());
  ended.how = ended.status < 0 ? "crashed: " + message
                               : "ended with status " + std::to_string(ended.status);
  for (const auto& [file, text] : {std::pair{&files[1], &ended.out}, {&files[2], &ended.err}}) {
    llvm::Expected<std::string> read = read_whole(file->str().str());
    if (!read) return read.takeError();
    *text = std::move(*read);
  }
  return ended;
}

std::string depfile(const std::vector<std::string>& outputs,
                    const std::vector<std::string>& inputs) {
  std::string text;
  for (const std::string& output : outputs) text += (text.empty() ? "" : " ") + escaped(output);
  text += ":";
  for (const std::string& input : inputs) text += " \\\n  " + escaped(input);
  return text + "\n";
}

}  // namespace otpc::driver
