// From schema files to generated files: load, parse, check, lower, render, write.
#pragma once

#include <cstdint>
#include <string>

#include "driver/front_end.h"

namespace otpc::driver {

enum class Language : std::uint8_t { cpp, erlang, elixir };

struct Request : Input {
  std::string out_dir;  ///< empty: check only
  std::string depfile;
  std::string manifest;       ///< what the last run made: what this one does not make is removed
  bool test_doubles = false;  ///< also a header with fakes and proxies of the servers
  Language language = Language::cpp;
  std::string plugin;  ///< a program that takes the language's place; see external_back_end.h
};

Exit run(const Request& request, Streams streams);

}  // namespace otpc::driver
