# What is installed where, and the Debian packages made of it (`./dev package`, or `cpack -G DEB`).
#
# Two components, a package each; `cmake --install BUILD --component NAME` gives the same files:
#   program   distaff: what users need
#   dev       libdistaff-dev: what is compiled against the library
#
# The same source gives the same bytes, whenever, wherever and by whomever it is built: the
# version comes from project(), the date from the source (see source_date), modes are set.
# tests/package/run checks all of it, with a list of the files of each package.
if(EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE AND NOT DEFINED CMAKE_INSTALL_LIBDIR)
  # Debian's place for libraries, which CMake takes for the prefix /usr only.  Compilers, CMake and
  # pkg-config look there below /usr/local too.
  set(CMAKE_INSTALL_LIBDIR lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
include(GNUInstallDirs)

# ---- files.  An install() that names no component belongs to the program.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(documents ${CMAKE_BINARY_DIR}/documents)
add_custom_command(
  OUTPUT ${documents}/distaff.1.gz ${documents}/distaff-fetch.1.gz ${documents}/changelog.gz
         ${documents}/copyright
  COMMAND ${CMAKE_SOURCE_DIR}/packaging/documents ${documents}
  DEPENDS packaging/documents packaging/source_date LICENSE CHANGELOG.md man/distaff.1
          man/distaff-fetch.1
  VERBATIM)
add_custom_target(distaff_documents DEPENDS ${documents}/changelog.gz)
add_dependencies(distaff distaff_documents)  # who builds `distaff` alone can install it too

install(TARGETS distaff)
# Where `distaff fetch` looks for it: beside itself, as ../libexec/distaff (cli/programs.cc).
install(TARGETS distaff-fetch DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/distaff)
install(FILES ${documents}/distaff.1.gz ${documents}/distaff-fetch.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/distaff.bash RENAME distaff
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES completions/_distaff DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES completions/distaff.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md ${documents}/changelog.gz ${documents}/copyright
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/lintian-overrides RENAME distaff
        DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides)

if(DISTAFF_LIBRARY)
  include(packaging/library.cmake)
endif()

# ---- packages
set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/after_packing.cmake)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL program)
if(DISTAFF_LIBRARY)
  list(APPEND CPACK_COMPONENTS_ALL dev)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
# A host reserved for documentation: nobody's address.
set(CPACK_PACKAGE_CONTACT "The distaff authors <distaff@example.org>")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME distaff)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "run a command for each record of its input, many at once
distaff reads lines, file names, CSV rows or JSON objects, makes a job of
each, and runs as many at once as the machine, a group of jobs or a host can
bear. Each job's output stays whole, in input order if asked; failed jobs are
counted and named at the end.

It does the work of xargs and GNU parallel. With distaff fetch the jobs are
URLs: many hosts at once, each as gently as asked, and a report in CSV.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libdistaff-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_DEV_DESCRIPTION "lazy parallel maps for C++20, group by group
A library that shares its scheduler with distaff, the job runner. Its maps
call a function for each item of a range, file or queue, many at once, and
give the results as a lazy range, in order or as they come. Groups of items
have limits, rests and rates of their own; memory does not grow with the input.

These are the headers and the static library, with files for CMake and
pkg-config. Programs need nothing else but libstdc++ and libc.")

include(CPack)
