// The command line of otpc.
#pragma once

namespace otpc::driver {

/// Everything `main` does. Returns the exit code.
int main(int argc, const char* const* argv);

}  // namespace otpc::driver
