#include "driver/external_back_end.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/Support/JSON.h>
#include <llvm/Support/Path.h>

#include "driver/files.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;
namespace path = llvm::sys::path;

class ExternalBackEnd {
 public:
  ExternalBackEnd(const std::string& program, FrontEnd& front_end)
      : program_(program), front_end_(front_end) {}

  std::optional<std::vector<Output>> run(const model::Program& model) {
    std::string input;
    llvm::raw_string_ostream stream(input);
    ir::write(model, front_end_.ir_options(), stream);
    llvm::Expected<Ended> ended = run_program(program_, {}, input);
    if (!ended) {
      failed("cannot be run: " + llvm::toString(ended.takeError()))
          .help("name a program that exists and may be run");
      return std::nullopt;
    }
    if (ended->status != 0) {
      failed(ended->how).note(said(ended->err));
      return std::nullopt;
    }
    llvm::Expected<llvm::json::Value> answer = llvm::json::parse(ended->out);
    if (!answer) {
      failed("did not answer with JSON: " + llvm::toString(answer.takeError()))
          .note(said(ended->err));
      return std::nullopt;
    }
    return outputs(*answer);
  }

 private:
  diagnostics::Builder failed(const std::string& what) {
    failed_ = true;
    return front_end_.diagnostics().emit(Id::back_end_failed, {}, program_, what);
  }
  std::string said(llvm::StringRef err) {
    constexpr std::size_t most = 2000;
    return err.trim().empty() ? "" : "it says: " + err.trim().take_front(most).str();
  }

  std::optional<std::vector<Output>> outputs(const llvm::json::Value& answer) {
    const llvm::json::Object* object = answer.getAsObject();
    const llvm::json::Array* files = object == nullptr ? nullptr : object->getArray("files");
    if (files == nullptr) {
      failed("answered without an array `files`");
      return std::nullopt;
    }
    if (const llvm::json::Array* errors = object->getArray("errors")) {
      for (const llvm::json::Value& each : *errors) error(each.getAsObject());
    }
    std::vector<Output> result;
    for (const llvm::json::Value& each : *files) {
      const llvm::json::Object* file = each.getAsObject();
      const auto name = file == nullptr ? std::nullopt : file->getString("path");
      const auto text = file == nullptr ? std::nullopt : file->getString("text");
      if (!name || !text)
        failed("answered with a file that has no texts `path` and `text`");
      else if (!is_inside(*name))
        failed("would write outside of the output folder: `" + name->str() + "`");
      else
        result.push_back({name->str(), text->str()});
    }
    if (failed_) return std::nullopt;
    return result;
  }

  static bool is_inside(llvm::StringRef name) {
    if (name.empty() || path::is_absolute(name)) return false;
    return std::none_of(path::begin(name), path::end(name),
                        [](llvm::StringRef part) { return part == ".." || part == "."; });
  }

  void error(const llvm::json::Object* object) {
    const auto message = object == nullptr ? std::nullopt : object->getString("message");
    if (!message) {
      failed("answered with an error that has no text `message`");
      return;
    }
    front_end_.diagnostics()
        .emit(Id::back_end_error, place(object->getObject("location")), *message)
        .note("so says the back end `" + program_ + "`");
  }

  /// A location of the input, given back. No place when it is none.
  source::Span place(const llvm::json::Object* location) {
    if (location == nullptr) return {};
    const auto begin = location->getInteger("begin");
    const auto end = location->getInteger("end");
    for (const LoadedFile* file : front_end_.files()) {
      if (location->getString("file") != llvm::StringRef(file->relative) || !begin || !end)
        continue;
      const auto size =
          static_cast<std::int64_t>(front_end_.sources().text(file->ast->file).size());
      if (*begin < 0 || *begin > *end || *end > size) return {};
      return {file->ast->file, static_cast<std::uint32_t>(*begin),
              static_cast<std::uint32_t>(*end)};
    }
    return {};
  }

  const std::string& program_;
  FrontEnd& front_end_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<Output>> run_external_back_end(const std::string& program,
                                                         const model::Program& model,
                                                         FrontEnd& front_end) {
  return ExternalBackEnd(program, front_end).run(model);
}

}  // namespace otpc::driver
