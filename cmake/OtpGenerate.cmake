# otp_generate(<target> <schema.otp>... [IMPORT_DIRS <dir>...] [WARNINGS <word>...] [TEST_DOUBLES]
#              [LOCKED])
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
# WARNINGS are the words behind otpc's -W: unused, no-missing-doc, error, error=calls.
# TEST_DOUBLES also makes shop/bank.otp.testing.h: fakes and proxies of the servers, for tests.
#
# LOCKED, or -DOTP_LOCKED=ON for all targets: each schema has a contract file beside it,
# shop/bank.otp.lock, that is up to date (`otpc compat --update`), and so have the modules that its
# types, errors and protocols come from. Otherwise a contract file that is there is still held to:
# what breaks the wire is an error.
#
# One otpc process serves all schemas of a target. It runs again when a schema, one of its imports,
# these arguments or otpc itself changed; it leaves alone what would become the same bytes, so
# nothing is recompiled without need, and removes what it made before and makes no more. Works
# alike inside this project and after find_package(otp).
#
# When cross-compiling, the otpc of the build machine is needed: the first one that is found by
# find_program(), or what -DOTPC_EXECUTABLE=<program> names.
#
# otp_install(<target> [DESTINATION <dir>] [COMPONENT <name>])
#
# Installs the target's schemas, contract files and generated headers, side by side, and makes <dir>
# (`include` if nothing is said) an include folder of the installed target: an installed library's
# schemas are imported as those of one that is built here. The target itself is installed as always:
#
#   otp_install(bank)
#   install(TARGETS bank EXPORT bankTargets)
include_guard(GLOBAL)
cmake_policy(VERSION 3.25)

function(otp_generate target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TEST_DOUBLES;LOCKED" "" "IMPORT_DIRS;WARNINGS")
  set(schemas ${arg_UNPARSED_ARGUMENTS})
  otp_check_generate("${target}" "${schemas}")
  otp_find_otpc(otpc)

  set(import_dirs ${arg_IMPORT_DIRS} "${CMAKE_CURRENT_SOURCE_DIR}")
  list(TRANSFORM import_dirs REPLACE "^([^/].*)$" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
  set(out_dir "${CMAKE_CURRENT_BINARY_DIR}/otp/${target}")
  set(inputs)
  set(contracts)
  set(generated)
  set(installed)
  foreach(schema IN LISTS schemas)
    cmake_path(ABSOLUTE_PATH schema NORMALIZE)
    otp_import_path("${schema}" import_dirs relative)
    set(headers "${relative}.h")
    if(arg_TEST_DOUBLES)
      list(APPEND headers "${relative}.testing.h")
    endif()
    list(APPEND inputs "${schema}")
    cmake_path(GET relative PARENT_PATH folder)
    list(APPEND installed "${folder}|${schema}")
    if(EXISTS "${schema}.lock")
      list(APPEND contracts "${schema}.lock")
      list(APPEND installed "${folder}|${schema}.lock")
    endif()
    foreach(header IN LISTS headers)
      list(APPEND generated "${out_dir}/${header}")
      list(APPEND installed "${folder}|${out_dir}/${header}")
    endforeach()
    list(APPEND generated "${out_dir}/${relative}.cpp")
  endforeach()

  # The arguments are a file, so that any build tool sees when they change. The manifest stands for
  # all outputs: the others keep their age when they keep their bytes, and Make would run otpc, or
  # touch them, again and again.
  set(bookkeeping "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/otp")
  set(arguments_file "${bookkeeping}.$<CONFIG>.args")
  set(depfile "${bookkeeping}.d")
  set(manifest "${bookkeeping}.manifest")
  set(search_path ${import_dirs} "$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>")
  set(search_path "$<REMOVE_DUPLICATES:$<FILTER:${search_path},EXCLUDE,^$>>")
  set(arguments --out-dir "${out_dir}" --manifest "${manifest}" --depfile "${depfile}")
  foreach(word IN LISTS arg_WARNINGS)
    list(APPEND arguments "-W${word}")
  endforeach()
  if(arg_TEST_DOUBLES)
    list(APPEND arguments --test-doubles)
  endif()
  if(arg_LOCKED OR OTP_LOCKED)
    list(APPEND arguments --locked)
  endif()
  list(APPEND arguments ${inputs})
  list(JOIN arguments "\"\n\"" arguments)
  file(GENERATE OUTPUT "${arguments_file}"
       CONTENT "\"${arguments}\"\n\"-I$<JOIN:${search_path},\"\n\"-I>\"\n" TARGET ${target})
  add_custom_command(
    OUTPUT "${manifest}"
    BYPRODUCTS ${generated}
    COMMAND ${otpc} gen "@${arguments_file}"
    DEPENDS ${inputs} ${contracts} "${arguments_file}" ${otpc}
    DEPFILE "${depfile}"
    COMMENT "Generating C++ from the schemas of ${target}"
    VERBATIM)

  get_target_property(type ${target} TYPE)
  set(visibility PUBLIC)
  if(type STREQUAL "EXECUTABLE")
    set(visibility PRIVATE)
  endif()
  target_sources(${target} PRIVATE "${manifest}" ${generated} ${inputs})
  set_source_files_properties(${generated} PROPERTIES SKIP_AUTOGEN ON)
  source_group("Schemas" FILES ${inputs})
  source_group(TREE "${out_dir}" PREFIX "Generated" FILES ${generated})
  source_group("Generated" FILES "${manifest}")
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
  set_target_properties(${target} PROPERTIES OTP_INSTALLED_FILES "${installed}")
endfunction()

function(otp_install target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESTINATION;COMPONENT" "")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "otp_install(${target} ...): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(files)
  if(TARGET "${target}")
    get_target_property(files ${target} OTP_INSTALLED_FILES)
  endif()
  if(NOT files)
    message(FATAL_ERROR "otp_install(${target} ...): call otp_generate(${target} ...) before")
  endif()
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION include)
  endif()
  set(component)
  if(arg_COMPONENT)
    set(component COMPONENT "${arg_COMPONENT}")
  endif()
  foreach(entry IN LISTS files)
    string(REGEX MATCH "^([^|]*)\\|(.*)$" entry "${entry}")
    install(FILES "${CMAKE_MATCH_2}" DESTINATION "${arg_DESTINATION}/${CMAKE_MATCH_1}" ${component})
  endforeach()
  target_include_directories(${target} INTERFACE "$<INSTALL_INTERFACE:${arg_DESTINATION}>")
endfunction()

# The otpc that can run here: a target, or the path of a program.
function(otp_find_otpc result)
  if(NOT OTPC_EXECUTABLE AND CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    find_program(OTPC_EXECUTABLE otpc NO_CMAKE_FIND_ROOT_PATH
                 DOC "The otpc that runs on the machine that builds")
    if(NOT OTPC_EXECUTABLE)
      message(FATAL_ERROR "otp_generate(): cross-compiling needs the otpc of the build machine; "
                          "name it with -DOTPC_EXECUTABLE=<program>")
    endif()
  endif()
  if(OTPC_EXECUTABLE)
    set(${result} "${OTPC_EXECUTABLE}" PARENT_SCOPE)
  elseif(TARGET otp::otpc)
    set(${result} otp::otpc PARENT_SCOPE)
  else()
    message(FATAL_ERROR "otp_generate(): the compiler otp::otpc is missing; use "
                        "find_package(otp CONFIG REQUIRED) or -DOTPC_EXECUTABLE=<program>")
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
endfunction()
