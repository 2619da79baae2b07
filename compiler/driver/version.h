#pragma once

namespace otpc::driver {

inline constexpr const char* version = "0.1.0";

}  // namespace otpc::driver
