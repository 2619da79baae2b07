# The installed package: bin/otpc, the static runtime with its public headers, and what
# find_package(otp CONFIG) reads. tests/package builds a project against it.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(otp_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/otp")

set(otp_installed_targets otp_runtime)
if(NOT OTPC_EXECUTABLE AND TARGET otpc)
  list(APPEND otp_installed_targets otpc)
  install(FILES compiler/ir/otp-ir.schema.json DESTINATION "${CMAKE_INSTALL_DATADIR}/otp")
endif()
install(TARGETS ${otp_installed_targets} EXPORT otpTargets
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY runtime/include/otp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(EXPORT otpTargets NAMESPACE otp:: DESTINATION "${otp_package_dir}")

configure_package_config_file(cmake/otpConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/otpConfig.cmake"
                              INSTALL_DESTINATION "${otp_package_dir}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/otpConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/otpConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/otpConfigVersion.cmake" cmake/OtpGenerate.cmake
        DESTINATION "${otp_package_dir}")
