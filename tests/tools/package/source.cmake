# The tarball of the source is enough, without git: a host fetches it by FetchContent and builds the engine from it, and
# another takes the unpacked tree by add_subdirectory.
#
# SOURCE: the tree. BUILD: a configured build directory. WORK: scratch. CONSUMER: tests/house/consumer. CXX.
cmake_policy(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(ENV{SOURCE_DATE_EPOCH} 1767268800)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/tarball)
execute_process(COMMAND ${CMAKE_CPACK_COMMAND} --config CPackSourceConfig.cmake -B ${WORK}/tarball
  WORKING_DIRECTORY ${BUILD} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB tarball ${WORK}/tarball/nines-*.tar.gz)
execute_process(COMMAND ${CMAKE_COMMAND} -E tar xzf ${tarball} WORKING_DIRECTORY ${WORK} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB tree ${WORK}/nines-*)
if(EXISTS ${tree}/.git OR EXISTS ${tree}/build OR NOT EXISTS ${tree}/CMakeLists.txt)
  message(FATAL_ERROR "${tarball} is not the source alone")
endif()

# What git knows and nothing else, and the same bytes twice.
execute_process(COMMAND git -C ${SOURCE} -c core.quotePath=off ls-files OUTPUT_VARIABLE tracked RESULT_VARIABLE no_git
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT no_git)
  string(REPLACE "\n" ";" tracked "${tracked}")
  file(GLOB_RECURSE packed RELATIVE ${tree} ${tree}/*)
  list(REMOVE_ITEM packed ${tracked})
  if(packed)
    message(FATAL_ERROR "the tarball has what git does not know: ${packed}")
  endif()
endif()
execute_process(COMMAND ${CMAKE_CPACK_COMMAND} --config CPackSourceConfig.cmake -B ${WORK}/tarball-again
  WORKING_DIRECTORY ${BUILD} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB again ${WORK}/tarball-again/nines-*.tar.gz)
run(${CMAKE_COMMAND} -E compare_files ${tarball} ${again})

# The same of a small tree, with a file that git knows and one that it does not, each in a folder of its own.
file(WRITE ${WORK}/small/known/file "" )
file(WRITE ${WORK}/small/unknown/file "")
execute_process(COMMAND git -C ${WORK}/small init -q RESULT_VARIABLE no_git ERROR_QUIET)
if(NOT no_git)
  run(git -C ${WORK}/small add known)
  file(COPY ${WORK}/small/known ${WORK}/small/unknown DESTINATION ${WORK}/copy/nines-0)
  run(${CMAKE_COMMAND} -DCPACK_TOPLEVEL_TAG=Linux-Source -DCPACK_NINES_SOURCE=${WORK}/small
    -DCPACK_TEMPORARY_DIRECTORY=${WORK}/copy -DCPACK_PACKAGE_FILE_NAME=nines-0
    -P ${SOURCE}/tools/package/tracked_only.cmake)
  if(NOT EXISTS ${WORK}/copy/nines-0/known/file OR EXISTS ${WORK}/copy/nines-0/unknown)
    message(FATAL_ERROR "tracked_only.cmake keeps what git does not know, or drops what it does")
  endif()
endif()

set(options -DNINES_BUILD_PROBER=OFF -DNINES_BUILD_QUERY=OFF)
file(WRITE ${WORK}/fetching/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(fetching LANGUAGES CXX)
include(FetchContent)
FetchContent_Declare(nines URL file://${tarball} DOWNLOAD_EXTRACT_TIMESTAMP ON)
FetchContent_MakeAvailable(nines)
add_executable(consumer ${CONSUMER}/main.cc)
target_link_libraries(consumer PRIVATE nines::engine)
")
run(${CMAKE_COMMAND} -S ${WORK}/fetching -B ${WORK}/fetched -G Ninja -DCMAKE_CXX_COMPILER=${CXX} ${LAUNCHER} ${options})
run(${CMAKE_COMMAND} --build ${WORK}/fetched --target consumer)
run(${WORK}/fetched/consumer ${WORK}/store)

file(WRITE ${WORK}/adding/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(adding LANGUAGES CXX)
add_subdirectory(${tree} nines)
foreach(target nines::engine nines::query nines::prober nines::c)
  if(NOT TARGET \${target})
    message(FATAL_ERROR \"there is no \${target}\")
  endif()
endforeach()
if(TARGET nines OR TARGET nines_tools)
  message(FATAL_ERROR \"a host gets the command\")
endif()
")
run(${CMAKE_COMMAND} -S ${WORK}/adding -B ${WORK}/added -G Ninja -DCMAKE_CXX_COMPILER=${CXX})
