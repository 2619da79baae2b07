#include "driver/front_end.h"

#include "diagnostics/render.h"
#include "driver/internal_error.h"
#include "driver/version.h"
#include "lower/check_names.h"
#include "sema/check.h"

namespace otpc::driver {

FrontEnd::FrontEnd(const Input& input, Streams streams)
    : input_(input),
      streams_(streams),
      loader_(input.import_dirs, input.texts, sources_, diagnostics_),
      contracts_(sources_, diagnostics_) {
  diagnostics_.set_warnings(input.warnings);
}

std::unique_ptr<model::Program> FrontEnd::program() {
  in_phase("reading", [&] {
    for (const std::string& file : input_.files) loader_.load(file);
  });
  std::vector<const ast::File*> files;
  for (const LoadedFile* file : loader_.ordered()) {
    contracts_.read(*file, input_.contracts_anew);
    files.push_back(file->ast.get());
  }
  return in_phase("checking", [&] {
    std::unique_ptr<model::Program> program = sema::check(files, diagnostics_);
    lower::check_names(*program, diagnostics_);
    // What is wrong already says enough of a schema.
    const std::size_t gaps = upgrade_gaps(diagnostics_);
    const bool only_gaps = gaps != 0 && gaps == diagnostics_.error_count();
    if (input_.check_contracts && (only_gaps || !diagnostics_.is_wrong()))
      check_contracts(*program);
    const std::size_t harmless =
        input_.with_deadlocks ? diagnostics_.error_count(diagnostics::Id::call_cycle) +
                                    diagnostics_.error_count(diagnostics::Id::possible_call_cycle)
                              : 0;
    return diagnostics_.error_count() == harmless ? std::move(program) : nullptr;
  });
}

void FrontEnd::check_contracts(const model::Program& program) {
  std::map<std::string, std::string> wanted_by;  // a module, by one whose contract relies on it
  for (std::size_t i = program.modules.size(); i-- > 0;) {  // importers before imports
    const model::Module& module = *program.modules[i];
    const LoadedFile& file = *loader_.ordered()[i];
    const auto importer = wanted_by.find(module.name());
    if (!file.requested && importer == wanted_by.end()) continue;
    for (const std::string& each : contracts_.relied_on(module, file))
      wanted_by.emplace(each, module.name());
    contracts_.check(module, file, input_.locked, file.requested ? "" : importer->second);
  }
}

ir::Options FrontEnd::ir_options() const {
  ir::Options options{sources_, {}, version};
  for (const LoadedFile* file : loader_.ordered())
    options.files.push_back({file->relative, file->requested});
  return options;
}

Exit FrontEnd::report(Exit failure) {
  switch (input_.rendering) {
    case Rendering::text:
      diagnostics::render_text(diagnostics_, sources_, streams_.err, input_.colour);
      break;
    case Rendering::json:
      diagnostics::render_json(diagnostics_, sources_, streams_.out);
      break;
    case Rendering::sarif:
      diagnostics::render_sarif(diagnostics_, sources_, version, streams_.out);
      break;
  }
  if (!diagnostics_.has_errors()) return Exit::ok;
  return loader_.input_failed() ? Exit::input_output : failure;
}

}  // namespace otpc::driver
