// The commands beside `gen` and `check`, which are the pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

#include "driver/front_end.h"
#include "tools/doc/doc.h"
#include "tools/graph/graph.h"

namespace otpc::driver {

/// Complains about the command line.
Exit misused(llvm::raw_ostream& err, const std::string& text);

/// The page about one number of the catalogue, or all numbers when none is given.
Exit explain(const std::string& code, Streams streams);

struct FormatRequest {
  std::vector<std::string> files;  ///< "-": standard input to standard output
  bool check = false;              ///< only say which files would change
  Rendering rendering = Rendering::text;
  bool colour = false;
};
/// Brings schemas into the one style, in place. A file that is not understood stays as it is.
Exit format(const FormatRequest& request, Streams streams);

struct FixRequest : Input {
  bool diff = false;  ///< print what would change, change nothing
};
/// Applies the mends that are safe to the schemas named, until there are none; tells what remains.
Exit fix(const FixRequest& request, Streams streams);

enum class GraphFormat : std::uint8_t { dot, mermaid, svg };
struct GraphRequest : Input {
  tools::GraphKind kind = tools::GraphKind::supervision;
  GraphFormat format = GraphFormat::dot;
};
/// Prints a picture of the schemas. SVG is drawn by Graphviz, which has to be installed.
Exit graph(const GraphRequest& request, Streams streams);

/// Prints the checked schemas, and what they import, as JSON: compiler/ir.
Exit intermediate_representation(const Input& input, Streams streams);

struct DocRequest : Input {
  std::string out_dir;
  tools::DocFormat format = tools::DocFormat::markdown;
};
/// Writes pages about the schemas, and one that leads to them.
Exit document(const DocRequest& request, Streams streams);

struct CompatRequest : Input {
  /// Schemas, folders, contract files; the first of two may be a revision of git.
  std::vector<std::string> paths;
  bool as_json = false;
  bool source_too = false;        ///< what only breaks sources counts too
  bool breaking_allowed = false;  ///< when contract files are written
};
/// Tells what is different between two versions, and whom it hurts; status 1 when processes of both
/// cannot talk. One path is compared with its contract file.
Exit compat(const CompatRequest& request, Streams streams);
/// Writes the contract files of schemas. One whose promises are broken stays as it is.
Exit update_contracts(const CompatRequest& request, Streams streams);

/// Writes a project that builds into the folder `path`, which gets its last part for a name:
/// schema, handlers, program and test; `supervised`: with a supervisor and an application.
Exit new_project(const std::string& path, bool supervised, Streams streams);

}  // namespace otpc::driver
