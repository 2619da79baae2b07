// The commands beside `gen` and `check`, which are the pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

#include "driver/front_end.h"
#include "tools/graph/graph.h"

namespace otpc::driver {

/// Complains about the command line.
Exit misused(llvm::raw_ostream& err, const std::string& text);

/// The page about one number of the catalogue, or all numbers when none is given.
Exit explain(const std::string& code, Streams streams);

struct FormatRequest {
  std::vector<std::string> files;  ///< "-": standard input to standard output
  bool check = false;              ///< only say which files would change
  bool colour = false;
};
/// Brings schemas into the one style, in place. A file that is not understood stays as it is.
Exit format(const FormatRequest& request, Streams streams);

struct FixRequest : Input {
  bool diff = false;  ///< print what would change, change nothing
};
/// Applies the mends that are safe to the schemas named, until there are none; tells what remains.
Exit fix(const FixRequest& request, Streams streams);

struct CompatRequest : Input {  ///< one file
  std::string before;   ///< a schema, a contract file or a git revision; empty: the contract file
  bool accept = false;  ///< write the contract file, compare nothing
};
/// Tells what a schema changed that breaks its peers.
Exit compat(const CompatRequest& request, Streams streams);

enum class GraphFormat : std::uint8_t { dot, mermaid, svg };
struct GraphRequest : Input {
  tools::GraphKind kind = tools::GraphKind::supervision;
  GraphFormat format = GraphFormat::dot;
};
/// Prints a picture of the schemas. SVG is drawn by Graphviz, which has to be installed.
Exit graph(const GraphRequest& request, Streams streams);

/// Prints the checked schemas, and what they import, as JSON: compiler/ir.
Exit intermediate_representation(const Input& input, Streams streams);

/// Writes a project that builds into the folder `path`, which gets its last part for a name:
/// schema, handlers, program and test; `supervised`: with a supervisor and an application.
Exit new_project(const std::string& path, bool supervised, Streams streams);

}  // namespace otpc::driver
