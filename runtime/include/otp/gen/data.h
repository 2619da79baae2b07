// What the data types of generated code are made of; those of time come with <chrono>, which costs
// as much as all of this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <otp/name.h>
#include <otp/pid.h>
#include <otp/reference.h>
