#include "driver/commands.h"

#include <vector>

#include "diagnostics/explain.h"

namespace otpc::driver {

Exit misused(llvm::raw_ostream& err, const std::string& text) {
  err << "otpc: " << text << "\nTry `otpc --help`.\n";
  return Exit::usage;
}

Exit explain(const std::string& code, Streams streams) {
  if (code.empty()) {
    streams.out << diagnostics::explanation_index();
    return Exit::ok;
  }
  if (const diagnostics::Entry* entry = diagnostics::find_entry(code)) {
    streams.out << diagnostics::explanation(*entry);
    return Exit::ok;
  }
  std::vector<std::string> known;
  for (const diagnostics::Entry& each : diagnostics::catalogue())
    known.push_back(diagnostics::code(each.id));
  const std::string near = diagnostics::did_you_mean(code, known);
  return misused(streams.err, "there is no diagnostic `" + code + "`" +
                                  (near.empty() ? "" : "; " + near) +
                                  "\n`otpc explain` lists them all.");
}

}  // namespace otpc::driver
