# Libraries of others. Nothing is downloaded: cmake/install-packages provides all of them.
include_guard(GLOBAL)

find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS context fiber)
find_package(fmt CONFIG REQUIRED)
find_package(mimalloc CONFIG REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(spdlog CONFIG REQUIRED)
if(NOT OTPC_EXECUTABLE)
  find_package(LlvmSupport 22 REQUIRED)
  find_package(Antlr4Cpp 4.9 REQUIRED)
endif()
if(OTP_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()

# toml++ is headers only here. Debian's CMake package of it links the compiled variant, which is
# another ABI than the header-only default, so the headers get a target of their own.
find_path(OTP_TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
mark_as_advanced(OTP_TOMLPLUSPLUS_INCLUDE_DIR)
add_library(otp_tomlplusplus INTERFACE)
target_include_directories(otp_tomlplusplus SYSTEM INTERFACE "${OTP_TOMLPLUSPLUS_INCLUDE_DIR}")
target_compile_definitions(otp_tomlplusplus INTERFACE TOML_HEADER_ONLY=1)
