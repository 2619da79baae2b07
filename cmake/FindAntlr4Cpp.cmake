# Finds ANTLR's C++ runtime (otp::antlr4_runtime, static) and its tool; defines
#
#   otp_antlr4_parser(<target> LEXER <file.g4> PARSER <file.g4> NAMESPACE <cpp namespace>)
#
# which makes a static library of the generated sources. The generated code is not ours: warnings
# are off, and so is char8_t, because the tool writes u8"" literals into std::string. Users of the
# target see its headers as system headers, by plain name: #include "OtpParser.h".
find_path(Antlr4Cpp_INCLUDE_DIR antlr4-runtime.h PATH_SUFFIXES antlr4-runtime)
find_library(Antlr4Cpp_LIBRARY NAMES libantlr4-runtime.a antlr4-runtime)
find_program(Antlr4Cpp_TOOL antlr4)

if(Antlr4Cpp_INCLUDE_DIR AND EXISTS "${Antlr4Cpp_INCLUDE_DIR}/RuntimeMetaData.h")
  # The runtime does not tell its version in a header; the CMake package beside it does.
  find_package(antlr4-runtime CONFIG QUIET)
  set(Antlr4Cpp_VERSION "${antlr4-runtime_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  Antlr4Cpp
  REQUIRED_VARS Antlr4Cpp_LIBRARY Antlr4Cpp_INCLUDE_DIR Antlr4Cpp_TOOL
  VERSION_VAR Antlr4Cpp_VERSION
  REASON_FAILURE_MESSAGE "run cmake/install-packages build")
mark_as_advanced(Antlr4Cpp_INCLUDE_DIR Antlr4Cpp_LIBRARY Antlr4Cpp_TOOL)

if(Antlr4Cpp_FOUND AND NOT TARGET otp::antlr4_runtime)
  add_library(otp::antlr4_runtime INTERFACE IMPORTED)
  target_include_directories(otp::antlr4_runtime SYSTEM INTERFACE "${Antlr4Cpp_INCLUDE_DIR}")
  target_link_libraries(otp::antlr4_runtime INTERFACE "${Antlr4Cpp_LIBRARY}" Threads::Threads)
  target_compile_options(otp::antlr4_runtime INTERFACE -fno-char8_t -Wno-attributes)
endif()

function(otp_antlr4_parser target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LEXER;PARSER;NAMESPACE" "")
  cmake_path(ABSOLUTE_PATH arg_LEXER OUTPUT_VARIABLE lexer)
  cmake_path(ABSOLUTE_PATH arg_PARSER OUTPUT_VARIABLE parser)
  cmake_path(GET lexer STEM lexer_name)
  cmake_path(GET parser STEM parser_name)
  set(dir "${CMAKE_CURRENT_BINARY_DIR}/${target}")
  set(sources "${dir}/${lexer_name}.cpp" "${dir}/${parser_name}.cpp")
  set(headers "${dir}/${lexer_name}.h" "${dir}/${parser_name}.h")
  # One call for both grammars: the parser reads the lexer's .tokens file, and Java starts once.
  # The tool puts its output beside the grammar's path unless it is called in the grammar's folder.
  cmake_path(GET parser PARENT_PATH grammar_dir)
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND "${Antlr4Cpp_TOOL}" -Dlanguage=Cpp -Werror -no-listener -no-visitor -package
            "${arg_NAMESPACE}" -lib "${dir}" -o "${dir}" "${lexer_name}.g4" "${parser_name}.g4"
    DEPENDS "${lexer}" "${parser}"
    WORKING_DIRECTORY "${grammar_dir}"
    COMMENT "Generating the parser ${target} from ${lexer_name}.g4 and ${parser_name}.g4"
    VERBATIM)
  add_library(${target} STATIC ${sources} ${headers})
  target_include_directories(${target} SYSTEM PUBLIC "${dir}")
  target_link_libraries(${target} PUBLIC otp::antlr4_runtime)
  target_compile_options(${target} PRIVATE -w)
endfunction()
