# Run by cpack before it packs: of the source's tarball only what git knows, and every file as old as the change that is
# packed, where SOURCE_DATE_EPOCH says how old that is. A tree without git is what somebody unpacked, and taken as it is.
#
# CPACK_NINES_SOURCE: the tree. CPACK_TEMPORARY_DIRECTORY: where its copy is, which is packed.
cmake_policy(VERSION 3.25)
if(NOT CPACK_TOPLEVEL_TAG MATCHES "Source")
  return()
endif()
execute_process(COMMAND git -C ${CPACK_NINES_SOURCE} rev-parse --show-cdup OUTPUT_VARIABLE up RESULT_VARIABLE no_git
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
# A tree that lies inside of somebody else's repository is not git's either.
if(NOT no_git AND up STREQUAL "")
  execute_process(COMMAND git -C ${CPACK_NINES_SOURCE} -c core.quotePath=off ls-files OUTPUT_VARIABLE tracked
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" tracked "${tracked}")
  file(GLOB_RECURSE copied ${CPACK_TEMPORARY_DIRECTORY}/*)
  foreach(file ${copied})
    # Below the folder that the tarball unpacks to, or right there.
    string(REPLACE "${CPACK_TEMPORARY_DIRECTORY}/" "" path "${file}")
    string(REPLACE "${CPACK_PACKAGE_FILE_NAME}/" "" path "${path}")
    if(NOT path IN_LIST tracked)
      file(REMOVE "${file}")
    endif()
  endforeach()
endif()
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -mindepth 1 -type d -empty -delete COMMAND_ERROR_IS_FATAL ANY)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
    COMMAND_ERROR_IS_FATAL ANY)
endif()
