include(CMakeFindDependencyMacro)
find_dependency(otp CONFIG)
include("${CMAKE_CURRENT_LIST_DIR}/consumerTargets.cmake")
