# find_package(distaff) gives distaff::distaff, to link with.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/distaffTargets.cmake)
