# Read by cpack when it has written the packages.
foreach(file IN LISTS CPACK_PACKAGE_FILES)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/repack ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
