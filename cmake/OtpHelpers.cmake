# The helpers that every folder uses; a folder lists its own sources.
#
#   otp_add_subdirectory(<folder>)
#
#   otp_library(<target> SOURCES a.cpp... [PUBLIC deps...] [PRIVATE deps...])
#     In compiler/ a static library, included from the root compiler/ ("diagnostics/engine.h").
#     In runtime/ an object library, a part of otp_runtime, included from the roots runtime/include
#     (<otp/pid.h>) and runtime/src ("process/table.h").
#
#   otp_test(<target> SOURCES a.cpp... LINK deps... [LABELS fast|slow|...] [TIMEOUT seconds])
#     A GoogleTest program bin/tests/<target>; CTest knows each of its tests as
#     <target>/<Suite>.<name>. Label "fast" unless said otherwise. Link otp::runtime to test what
#     users see, or otp_runtime_internals to include runtime/src as well.
#
#   otp_embed_texts(<variable> <file.inc> FILES a.md...)
#     Makes <file.inc>, lines of {"a", "the text of a.md"}, for an array. Its path, which
#     belongs into the SOURCES of who includes it, goes into the variable.
include_guard(GLOBAL)

if(OTP_BUILD_TESTS)
  include(GoogleTest)
endif()

function(otp_add_subdirectory folder)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
    add_subdirectory("${folder}")
  endif()
endfunction()

function(otp_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  otp_check_arguments(otp_library ${target} "${arg_UNPARSED_ARGUMENTS}" "${arg_SOURCES}")
  add_library(${target} ${OTP_LIBRARY_KIND} ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${OTP_INCLUDE_ROOTS})
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} otp_flags)
endfunction()

function(otp_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINK;LABELS")
  otp_check_arguments(otp_test ${target} "${arg_UNPARSED_ARGUMENTS}" "${arg_SOURCES}")
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(OTP_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LINK} otp_flags GTest::gmock GTest::gtest_main)
  # Tests may name files of the tree (goldens, schemas): relative to the sources' own folder.
  target_compile_definitions(${target}
                             PRIVATE OTP_TEST_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                             "${CMAKE_BINARY_DIR}/bin/tests")
  # Discovery when ctest starts: building must not run programs, which sanitizers make slow.
  gtest_discover_tests(
    ${target}
    TEST_PREFIX "${target}/"
    TEST_LIST ${target}_tests
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT})
  # Discovery cannot pass on a property that is a list, so the labels are set in a file of their
  # own, which CTest reads after the discovered names.
  set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${target}_labels.cmake")
  file(
    WRITE "${labels_file}"
    "if(${target}_tests)\n"
    "  set_tests_properties(\${${target}_tests} PROPERTIES LABELS \"${arg_LABELS}\")\n"
    "endif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
endfunction()

set(OTP_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/embed_texts.cmake")

function(otp_embed_texts variable name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "FILES")
  otp_check_arguments(otp_embed_texts ${name} "${arg_UNPARSED_ARGUMENTS}" "${arg_FILES}")
  set(embedded "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  add_custom_command(
    OUTPUT "${embedded}"
    COMMAND ${CMAKE_COMMAND} "-DOUT=${embedded}" "-DFILES=${arg_FILES}" -P "${OTP_EMBED_SCRIPT}"
    DEPENDS ${arg_FILES} "${OTP_EMBED_SCRIPT}"
    VERBATIM)
  set(${variable} "${embedded}" PARENT_SCOPE)
endfunction()

# A misspelt keyword would otherwise become one more source file or dependency.
function(otp_check_arguments command target unparsed sources)
  if(unparsed)
    message(FATAL_ERROR "${command}(${target}): unknown arguments: ${unparsed}")
  endif()
  if(NOT sources)
    message(FATAL_ERROR "${command}(${target}): no files are named")
  endif()
endfunction()
