# Finds the static Support library of LLVM (otp::llvm_support) and of its LSP part (otp::llvm_lsp).
#
# LLVM's own package is not used: it loads every library and tool of LLVM with their dependencies
# (Z3, libxml2, curl, Polly), and links libLLVM.so. The two archives suffice for a program of less
# than 2 MB that starts in milliseconds.
find_path(LlvmSupport_INCLUDE_DIR llvm/Support/Mustache.h
          PATHS /usr/lib/llvm-22/include NO_DEFAULT_PATH)
foreach(name IN ITEMS LLVMSupport LLVMDemangle LLVMSupportLSP)
  find_library(LlvmSupport_${name}_LIBRARY lib${name}.a
               PATHS /usr/lib/llvm-22/lib NO_DEFAULT_PATH)
  mark_as_advanced(LlvmSupport_${name}_LIBRARY)
endforeach()
find_library(LlvmSupport_ZSTD_LIBRARY zstd)
find_library(LlvmSupport_Z_LIBRARY z)
find_library(LlvmSupport_TINFO_LIBRARY tinfo)

if(LlvmSupport_INCLUDE_DIR)
  file(STRINGS "${LlvmSupport_INCLUDE_DIR}/llvm/Config/llvm-config.h" version_line
       REGEX "^#define LLVM_VERSION_STRING ")
  string(REGEX REPLACE ".*\"([0-9.]+)[^\"]*\".*" "\\1" LlvmSupport_VERSION "${version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  LlvmSupport
  REQUIRED_VARS LlvmSupport_LLVMSupport_LIBRARY LlvmSupport_LLVMDemangle_LIBRARY
                LlvmSupport_LLVMSupportLSP_LIBRARY LlvmSupport_INCLUDE_DIR
                LlvmSupport_ZSTD_LIBRARY LlvmSupport_Z_LIBRARY LlvmSupport_TINFO_LIBRARY
  VERSION_VAR LlvmSupport_VERSION
  REASON_FAILURE_MESSAGE "run cmake/install-packages build")
mark_as_advanced(LlvmSupport_INCLUDE_DIR LlvmSupport_ZSTD_LIBRARY LlvmSupport_Z_LIBRARY
                 LlvmSupport_TINFO_LIBRARY)

if(LlvmSupport_FOUND AND NOT TARGET otp::llvm_support)
  # Debian builds these archives with RTTI and without exceptions: users compile as usual, and no
  # exception may cross a callback given to LLVM.
  add_library(otp::llvm_support INTERFACE IMPORTED)
  target_include_directories(otp::llvm_support SYSTEM INTERFACE "${LlvmSupport_INCLUDE_DIR}")
  target_link_libraries(
    otp::llvm_support
    INTERFACE "${LlvmSupport_LLVMSupport_LIBRARY}" "${LlvmSupport_LLVMDemangle_LIBRARY}"
              "${LlvmSupport_ZSTD_LIBRARY}" "${LlvmSupport_Z_LIBRARY}"
              "${LlvmSupport_TINFO_LIBRARY}" Threads::Threads ${CMAKE_DL_LIBS})
  add_library(otp::llvm_lsp INTERFACE IMPORTED)
  target_link_libraries(otp::llvm_lsp INTERFACE "${LlvmSupport_LLVMSupportLSP_LIBRARY}"
                                                otp::llvm_support)
endif()
