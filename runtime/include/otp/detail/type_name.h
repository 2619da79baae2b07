// The name of a C++ type as a constant, for warnings and event logs.
#pragma once

#include <array>
#include <string_view>

namespace otp::detail {

template <class T>
constexpr std::string_view signature_of() noexcept {
  return __PRETTY_FUNCTION__;
}

template <class T>
constexpr auto make_name_of_type() noexcept {
  constexpr std::string_view signature = signature_of<T>();
  constexpr std::size_t begin = signature.find("T = ") + 4;
  constexpr std::size_t end = signature.find_first_of(";]", begin);
  std::array<char, end - begin + 1> name{};
  for (std::size_t i = begin; i < end; ++i) name[i - begin] = signature[i];
  return name;
}

/// "shop::Tick", as the compiler writes it.
template <class T>
inline constexpr auto name_of_type = make_name_of_type<T>();

/// The name of a message: what its type says in `otp_name`, as generated ones do, or the type's.
template <class T>
constexpr const char* message_name() noexcept {
  if constexpr (requires { T::otp_name; })
    return T::otp_name;
  else
    return name_of_type<T>.data();
}

}  // namespace otp::detail
