# Installs the C API, moves the tree, and builds and runs a host against it: through find_package(nines) in a project that
# has no C++, and through pkg-config.
cmake_policy(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  set(output "${output}" PARENT_SCOPE)
endfunction()
function(expect_figures)
  if(NOT output STREQUAL "1 result, 80112 us, uptime 1.0000\n")
    message(FATAL_ERROR "printed '${output}'")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
foreach(component c c_dev)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first --component ${component})
endforeach()
file(RENAME ${WORK}/first ${WORK}/moved)
set(sanitize "")
if(SANITIZE)
  set(sanitize -fsanitize=${SANITIZE})
endif()

run(${CMAKE_COMMAND} -S ${CONSUMER}/c -B ${WORK}/build -G Ninja -DHOST=${HELLO} -DCMAKE_C_COMPILER=${CC}
  -DCMAKE_PREFIX_PATH=${WORK}/moved -DCMAKE_C_FLAGS=${sanitize})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/host ${WORK}/store)
expect_figures()

execute_process(
  COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${WORK}/moved/${LIBDIR}/pkgconfig pkg-config --cflags --libs nines
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CC} ${sanitize} ${HELLO} -o ${WORK}/by-pkg-config ${flags})
run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${WORK}/moved/${LIBDIR} ${WORK}/by-pkg-config ${WORK}/store-by-pkg-config)
expect_figures()
