# The library as others get it: headers, libdistaff.a, and how to find them by CMake and pkg-config.
#
# The objects are compiled once more, position-independent, since a program or shared library of
# others is; ours is not.  `one_object` makes one of them that hides what is not distaff::v0.
#
# What src/lib needs of other rooms stands in the list.  A file too few is named by the build.
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/lib/*.cc)
list(APPEND sources
     src/base/fmt.cc
     src/os/cpus.cc
     src/os/fatal.cc
     src/os/file_text.cc
     src/os/group_fuse.cc
     src/os/program_finder.cc
     src/os/spawn.cc
     src/os/startup.cc
     src/schedule/age_tree.cc
     src/schedule/job_table.cc
     src/schedule/scheduler.cc
     src/schedule/scheduler_state.cc
     src/schedule/time_heap.cc
     src/schedule/token_bucket.cc)

add_library(distaff_objects OBJECT ${sources})
target_include_directories(distaff_objects PRIVATE src include)
distaff_precompile(distaff_objects_precompiled ${precompiled})
distaff_precompiled(distaff_objects distaff_objects_precompiled)
distaff_unit(distaff_objects)
foreach(target distaff_objects distaff_objects_precompiled)
  # As a variable of an inline function it would be "unique", of which there must not be two.
  if(TARGET ${target})
    target_compile_options(${target} PRIVATE -fPIC $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  endif()
endforeach()
target_sources(distaff_lib INTERFACE $<TARGET_OBJECTS:distaff_objects>)

# Only GNU's linker can dissolve groups in a relocatable object; with Clang, CMake may name LLVM's.
set(linker ${CMAKE_LINKER})
if(linker MATCHES "lld")
  find_program(DISTAFF_GNU_LD NAMES ld.bfd REQUIRED)
  set(linker ${DISTAFF_GNU_LD})
endif()
set(object ${CMAKE_BINARY_DIR}/library/distaff.o)
add_custom_command(
  OUTPUT ${object}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/library
  COMMAND ${CMAKE_COMMAND} -E env CXX=${CMAKE_CXX_COMPILER} LD=${linker} NM=${CMAKE_NM}
          OBJCOPY=${CMAKE_OBJCOPY} ${CMAKE_SOURCE_DIR}/packaging/one_object ${object}
          $<TARGET_OBJECTS:distaff_objects>
  DEPENDS packaging/one_object distaff_objects $<TARGET_OBJECTS:distaff_objects>
  COMMAND_EXPAND_LISTS VERBATIM)

set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
add_library(distaff_library STATIC ${object})
add_dependencies(distaff_library distaff_documents)  # installed with it
set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
set_target_properties(distaff_library PROPERTIES
                      LINKER_LANGUAGE CXX
                      OUTPUT_NAME distaff
                      EXPORT_NAME distaff
                      ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/library)
target_compile_features(distaff_library INTERFACE cxx_std_20)
target_link_libraries(distaff_library INTERFACE Threads::Threads)
target_include_directories(distaff_library INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# ---- how it is found.  Nothing here depends on the prefix: --prefix may give another.
include(CMakePackageConfigHelpers)
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/distaff)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY ${pkgconfig_dir}
           OUTPUT_VARIABLE include_from_pkgconfig)
configure_file(packaging/distaff.pc.in library/distaff.pc @ONLY)
# Before 1.0 each 0.N may be another.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/library/distaffConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)

install(TARGETS distaff_library EXPORT distaffTargets COMPONENT dev)
install(EXPORT distaffTargets NAMESPACE distaff:: DESTINATION ${cmake_dir} COMPONENT dev)
install(FILES packaging/distaffConfig.cmake ${CMAKE_BINARY_DIR}/library/distaffConfigVersion.cmake
        DESTINATION ${cmake_dir} COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/library/distaff.pc DESTINATION ${pkgconfig_dir} COMPONENT dev)
install(DIRECTORY include/distaff DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
        FILES_MATCHING PATTERN *.h)
install(FILES ${documents}/changelog.gz ${documents}/copyright COMPONENT dev
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libdistaff-dev)
