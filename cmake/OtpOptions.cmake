# What can be chosen, and what every target of the project is compiled with.
include_guard(GLOBAL)

option(OTP_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(OTP_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
set(OTPC_EXECUTABLE "" CACHE FILEPATH "An otpc that runs here, when the one built would not")
set(OTP_SANITIZE "" CACHE STRING
    "Sanitizers: empty, 'address' (with undefined), 'thread', or 'fuzzer' (clang)")
set_property(CACHE OTP_SANITIZE PROPERTY STRINGS "" address thread fuzzer)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

  # -g1 keeps the line tables that a crash report needs and leaves the rest out: half the link time.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

  find_program(OTP_CCACHE ccache)
  if(OTP_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The sloppiness lets precompiled headers be cached; base_dir lets two clones share the cache.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
        "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" ${OTP_CCACHE})
  endif()
endif()

# One interface target carries the project's own flags; it is never exported to users.
add_library(otp_flags INTERFACE)
# Nobody replaces one of our functions by another, so they may be inlined.
target_compile_options(otp_flags INTERFACE -Wall -Wextra -Werror=switch -fno-omit-frame-pointer
                                           -fno-semantic-interposition)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlaps in the string of its own library (its bug 105651).
  target_compile_options(otp_flags INTERFACE -Wno-restrict)
endif()

# Sanitizers concern every object of the program, so they are global and not a target's property.
if(OTP_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(OTP_SANITIZE STREQUAL "thread")
  # GCC warns that TSan knows no fences; the libraries that use some are not ours to change.
  add_compile_options(-fsanitize=thread -Wno-tsan)
  add_link_options(-fsanitize=thread)
elseif(OTP_SANITIZE STREQUAL "fuzzer")
  # The address and undefined-behaviour sanitizers, and what libFuzzer wants to know of coverage.
  # LLVM's archives carry no type information for the check of virtual calls.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr,function
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined -fno-sanitize=vptr,function)
elseif(OTP_SANITIZE)
  message(FATAL_ERROR "OTP_SANITIZE is '${OTP_SANITIZE}'; it may be empty, 'address', 'thread' or "
                      "'fuzzer'")
endif()
