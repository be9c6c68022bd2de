# The document's part of a configuration is one that `nines config check` takes, beside a server and a store.
cmake_policy(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${PYTHON} ${BLOCKS} only ${DOCUMENT} yaml ${WORK}/block.yaml COMMAND_ERROR_IS_FATAL ANY)
file(READ ${WORK}/block.yaml block)
file(WRITE ${WORK}/nines.yaml "store: {path: ./nines.db}
servers: [{name: site, group: core, url: \"https://example.org\"}]
${block}")
execute_process(COMMAND ${CMAKE_COMMAND} -E env PD_KEY=key SMTP_PASSWORD=word ${NINES} config check nines.yaml
  WORKING_DIRECTORY ${WORK} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${said}")
endif()
