# otp_generate(<target> <schema.otp>... [IMPORT_DIRS <dir>...] [TEST_DOUBLES] [LOCKED])
#
# Makes C++ of schemas and compiles it into <target>, a library or a program:
#
#   add_library(bank handlers.cpp)
#   otp_generate(bank shop/bank.otp)          # -> #include "shop/bank.otp.h"
#
# A schema keeps its path relative to the target's source folder (or to the first of IMPORT_DIRS
# that contains it), and that is also how it is imported: shop/bank.otp by `import shop::bank`.
# Imports are found where #includes are found: in these folders, and in those that linked targets
# make public; a library's schemas are therefore visible to whoever links it.
#
# TEST_DOUBLES also makes shop/bank.otp.testing.h: fakes and proxies of the servers, for tests.
#
# LOCKED, or -DOTP_LOCKED=ON for all targets: each schema has a contract file beside it,
# shop/bank.otp.lock, that is up to date (`otpc compat --update`). Otherwise a contract file that is
# there is still held to: what breaks the wire is an error.
#
# One otpc process serves all schemas of a target. It runs again when a schema, one of its imports
# or otpc itself changed, and leaves alone what would become the same bytes, so nothing is
# recompiled without need. Works alike inside this project and after find_package(otp).
include_guard(GLOBAL)
cmake_policy(VERSION 3.25)

function(otp_generate target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TEST_DOUBLES;LOCKED" "" "IMPORT_DIRS")
  set(schemas ${arg_UNPARSED_ARGUMENTS})
  otp_check_generate("${target}" "${schemas}")

  set(import_dirs ${arg_IMPORT_DIRS} "${CMAKE_CURRENT_SOURCE_DIR}")
  list(TRANSFORM import_dirs REPLACE "^([^/].*)$" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
  set(out_dir "${CMAKE_CURRENT_BINARY_DIR}/otp/${target}")
  set(depfile "${out_dir}/${target}.d")
  file(MAKE_DIRECTORY "${out_dir}")
  set(inputs)
  set(contracts)
  set(outputs)
  foreach(schema IN LISTS schemas)
    cmake_path(ABSOLUTE_PATH schema NORMALIZE)
    otp_import_path("${schema}" import_dirs relative)
    list(APPEND inputs "${schema}")
    if(EXISTS "${schema}.lock")
      list(APPEND contracts "${schema}.lock")
    endif()
    list(APPEND outputs "${out_dir}/${relative}.h" "${out_dir}/${relative}.cpp")
    if(arg_TEST_DOUBLES)
      list(APPEND outputs "${out_dir}/${relative}.testing.h")
    endif()
  endforeach()

  set(locked)
  if(arg_LOCKED OR OTP_LOCKED)
    set(locked --locked)
  endif()
  set(search_path ${import_dirs} "$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>")
  set(search_path "$<REMOVE_DUPLICATES:$<FILTER:${search_path},EXCLUDE,^$>>")
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND otp::otpc gen --out-dir "${out_dir}" --depfile "${depfile}"
            $<$<BOOL:${arg_TEST_DOUBLES}>:--test-doubles> ${locked}
            "-I;$<JOIN:${search_path},;-I;>" ${inputs}
    DEPENDS ${inputs} ${contracts} otp::otpc
    DEPFILE "${depfile}"
    COMMENT "Generating C++ from the schemas of ${target}"
    COMMAND_EXPAND_LISTS VERBATIM)

  get_target_property(type ${target} TYPE)
  set(visibility PUBLIC)
  if(type STREQUAL "EXECUTABLE")
    set(visibility PRIVATE)
  endif()
  target_sources(${target} PRIVATE ${outputs})
  foreach(dir IN LISTS import_dirs)
    target_include_directories(${target} ${visibility} "$<BUILD_INTERFACE:${dir}>")
  endforeach()
  target_include_directories(${target} ${visibility} "$<BUILD_INTERFACE:${out_dir}>")
  # Without a keyword this would forbid the caller to use one, and the other way round; a property
  # does not mind.
  set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES otp::runtime)
  if(visibility STREQUAL "PUBLIC")
    set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES otp::runtime)
  endif()
endfunction()

# The path of a schema under the first import folder that contains it: its name to importers. A
# schema outside of all of them makes its own folder one.
function(otp_import_path schema import_dirs_variable result)
  foreach(dir IN LISTS ${import_dirs_variable})
    cmake_path(IS_PREFIX dir "${schema}" NORMALIZE contains)
    if(contains)
      cmake_path(RELATIVE_PATH schema BASE_DIRECTORY "${dir}" OUTPUT_VARIABLE relative)
      set(${result} "${relative}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  cmake_path(GET schema PARENT_PATH own_dir)
  cmake_path(GET schema FILENAME name)
  set(${import_dirs_variable} ${${import_dirs_variable}} "${own_dir}" PARENT_SCOPE)
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

function(otp_check_generate target schemas)
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "otp_generate(${target} ...): there is no target '${target}'; "
                        "call add_library() or add_executable() before")
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY" OR type STREQUAL "UTILITY")
    message(FATAL_ERROR "otp_generate(${target} ...): '${target}' compiles nothing; "
                        "use a library with sources or a program")
  endif()
  get_target_property(already ${target} OTP_GENERATED)
  if(already)
    message(FATAL_ERROR "otp_generate(${target} ...): called twice; name all schemas in one call")
  endif()
  set_target_properties(${target} PROPERTIES OTP_GENERATED TRUE)
  if(NOT schemas)
    message(FATAL_ERROR "otp_generate(${target} ...): no schema is named")
  endif()
  foreach(schema IN LISTS schemas)
    if(NOT schema MATCHES "\\.otp$")
      message(FATAL_ERROR "otp_generate(${target} ...): '${schema}' does not end in .otp")
    endif()
    cmake_path(ABSOLUTE_PATH schema)
    if(NOT EXISTS "${schema}")
      message(FATAL_ERROR "otp_generate(${target} ...): the schema '${schema}' does not exist")
    endif()
  endforeach()
  if(NOT TARGET otp::otpc)
    message(FATAL_ERROR "otp_generate(${target} ...): the compiler otp::otpc is missing; "
                        "use find_package(otp CONFIG REQUIRED)")
  endif()
endfunction()
