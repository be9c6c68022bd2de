# Runs PROGRAM with ARGUMENTS in the folder WORK, which is made anew, and matches what it prints with PRINTS. FIRST is a
# program that is run before it, with the same arguments. SOURCE, where it is given, has to stay under 100 lines.
cmake_policy(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
if(SOURCE)
  file(STRINGS ${SOURCE} lines)
  list(LENGTH lines count)
  if(count GREATER 100)
    message(FATAL_ERROR "${SOURCE} has ${count} lines")
  endif()
endif()
foreach(program ${FIRST} ${PROGRAM})
  execute_process(COMMAND ${program} ${ARGUMENTS} WORKING_DIRECTORY ${WORK} OUTPUT_VARIABLE output
    COMMAND_ERROR_IS_FATAL ANY)
endforeach()
if(NOT output MATCHES "${PRINTS}")
  message(FATAL_ERROR "printed '${output}', which is not as '${PRINTS}'")
endif()
