# Runs PROGRAM on a store that is not there yet, in the folder WORK, which is made anew.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${PROGRAM} ${WORK}/store COMMAND_ERROR_IS_FATAL ANY)
