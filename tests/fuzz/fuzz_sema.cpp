// Names, types and every proof, over several modules that import each other.
#include "fuzz.h"

namespace otpc::fuzz {

void fuzz_one(std::string_view text) { Checked(text).require_printable(); }

}  // namespace otpc::fuzz
