# Installs the rooms of a finished build, moves the installed tree, and builds and runs consumer/ against it: once
# through find_package(nines), once through pkg-config. Fails with the message of the first step that does.
#
# BUILD: build directory. ROOMS: comma-separated. WORK: scratch directory. CONSUMER, CXX, SANITIZE, LIBDIR.
string(REPLACE "," ";" rooms "${ROOMS}")
string(REPLACE "," "\\;" rooms_as_one "${ROOMS}")  # survives one expansion of ARGN
set(sanitize "")
if(SANITIZE)
  set(sanitize -fsanitize=${SANITIZE})
endif()

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
foreach(room IN LISTS rooms)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first --component ${room})
endforeach()
file(RENAME ${WORK}/first ${WORK}/moved)

# find_package(nines)
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${WORK}/build -G Ninja "-DROOMS=${rooms_as_one}" -DCMAKE_PREFIX_PATH=${WORK}/moved
  -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_CXX_FLAGS=${sanitize}")
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer ${WORK}/store)

# pkg-config: each room brings all that its own needs, and the last is used, with the ones below.
file(WRITE ${WORK}/empty.cc "int main() {}\n")
foreach(room IN LISTS rooms)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${WORK}/moved/${LIBDIR}/pkgconfig
      pkg-config --cflags --libs nines-${room}
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${CXX} -std=c++20 ${sanitize} ${WORK}/empty.cc -o ${WORK}/empty
    -Wl,--whole-archive ${flags} -Wl,--no-whole-archive)
endforeach()
run(${CXX} -std=c++20 ${sanitize} ${CONSUMER}/main.cc -o ${WORK}/by-pkg-config ${flags})
run(${WORK}/by-pkg-config ${WORK}/store-by-pkg-config)
