# The blocks of the tree's documents are those of the file TRIED, no more and no fewer.
cmake_policy(VERSION 3.25)
execute_process(COMMAND ${PYTHON} ${BLOCKS} list ${SOURCE} OUTPUT_VARIABLE found COMMAND_ERROR_IS_FATAL ANY)
file(READ ${TRIED} tried)
if(NOT found STREQUAL tried)
  message(FATAL_ERROR "the documents have blocks of\n${found}and what tries them is for\n${tried}")
endif()
