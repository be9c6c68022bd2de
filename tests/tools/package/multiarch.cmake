# Configures SOURCE for /usr, as `./dev package` does, and looks where its libraries would go.
cmake_policy(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK} -G Ninja -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_INSTALL_PREFIX=/usr
  -DNINES_BUILD_TESTS=OFF -DNINES_BUILD_BENCH=OFF OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${DPKG_ARCHITECTURE} -qDEB_HOST_MULTIARCH OUTPUT_VARIABLE architecture
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(library "{CMAKE_INSTALL_PREFIX}/lib/${architecture}/libnines.so.0\"")
file(READ ${WORK}/tools/src/c/cmake_install.cmake script)
string(FIND "${script}" "${library}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "libnines.so.0 does not go to ${library}")
endif()
