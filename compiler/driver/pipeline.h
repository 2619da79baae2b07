// From schema files to C++ files: load, parse, check, lower, render, write.
#pragma once

#include <string>

#include "driver/front_end.h"

namespace otpc::driver {

struct Request : Input {
  std::string out_dir;  ///< empty: check only
  std::string depfile;
  bool test_doubles = false;  ///< also a header with fakes and proxies of the servers
};

Exit run(const Request& request, Streams streams);

}  // namespace otpc::driver
