// From the checked schema to what the templates print: the files of one target language, as JSON
// values ready to print.
//
// Everything that is decided about the output is decided here: names, types, literals, the order of
// declarations. The templates only print. Names from the schema are kept; one that C++ or the
// generated classes own gets an underscore behind it (see names.h).
#pragma once

#include <string>
#include <vector>

#include <llvm/Support/JSON.h>

#include "model/model.h"

namespace otpc::lower {

struct Options {
  std::string header;                ///< how the file includes its own header: "shop/cart.otp.h"
  std::vector<std::string> imports;  ///< headers of the imported modules
  std::string generator_version;
};

/// A module becomes C++ in parts, so that only one declaration at a time is JSON, which is two
/// hundred times its text.
struct Part {
  const model::Declaration* declaration = nullptr;
  /// Of a server or state machine only its client, which what it is told may hold: it comes before
  /// the rest.
  bool client = false;

  friend bool operator==(const Part&, const Part&) = default;
  friend auto operator<=>(const Part&, const Part&) = default;
};
/// The parts in an order that C++ accepts.
std::vector<Part> cpp_order(const model::Module& module);
/// The data of each_header.mustache, each_source.mustache and each_testing.mustache.
llvm::json::Object lower_cpp(const Part& part);
/// The data of file_header.mustache, file_source.mustache and file_testing.mustache. They also take
/// `declarations`: what was printed for each of `order`, without its last line break.
llvm::json::Object lower_cpp(const model::Module& module, const std::vector<Part>& order,
                             const Options& options);

/// A file of a language that makes other files than C++ does.
struct File {
  std::string of;             ///< what it is made for: "shop::cart", "shop::cart.Cart"
  std::string path;           ///< below the output folder: "shop_cart.erl"
  std::string file_template;  ///< "file_erlang_client"
  llvm::json::Object data;
};

/// Client modules, for who calls the processes of the schema from a node of Erlang or Elixir.
std::vector<File> lower_erlang(const model::Module& module, const std::string& generator_version);
std::vector<File> lower_elixir(const model::Module& module, const std::string& generator_version);

}  // namespace otpc::lower
