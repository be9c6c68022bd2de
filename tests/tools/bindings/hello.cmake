# Runs a host's program, PROGRAM with ARGUMENTS and a store in WORK, from the folder FROM, and compares what it prints with
# what every language's prints. SOURCE has to stay under 60 lines: a host is that easily written.
cmake_policy(VERSION 3.25)
file(STRINGS ${SOURCE} lines)
list(LENGTH lines count)
if(count GREATER_EQUAL 60)
  message(FATAL_ERROR "${SOURCE} has ${count} lines")
endif()
file(REMOVE_RECURSE ${WORK}/store)
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} ${WORK}/store WORKING_DIRECTORY ${FROM}
  OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
set(expected "1 result, 80112 us, uptime 1.0000\n")
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "printed '${output}', not '${expected}'")
endif()
