# nines_room(NAME SOURCES ... PUBLIC ... PRIVATE ... PKG_REQUIRES ... PKG_LIBS ...)
#
# A room's library nines::NAME, as built and as installed. Each room is an install component and an export set of its
# own, so that a host which wants the engine needs the engine's dependencies only.
#
# PUBLIC and PRIVATE are its link dependencies. The same for pkg-config, where they have to be told again:
# PKG_REQUIRES names .pc modules, PKG_LIBS is for libraries that have none.
function(nines_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE;PKG_REQUIRES;PKG_LIBS" ${ARGN})
  add_library(nines_${name} ${ROOM_SOURCES})
  add_library(nines::${name} ALIAS nines_${name})
  set_target_properties(nines_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(nines_${name} PUBLIC cxx_std_20)
  target_include_directories(nines_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE src)
  target_link_libraries(nines_${name} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE} $<BUILD_INTERFACE:nines_warnings>)

  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/nines)
  install(TARGETS nines_${name} EXPORT nines_${name} COMPONENT ${name})
  install(EXPORT nines_${name} NAMESPACE nines:: FILE nines-${name}.cmake DESTINATION ${package_dir} COMPONENT ${name})
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/nines)
    install(DIRECTORY include/nines DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${name})
  endif()

  # The .pc file finds its prefix from where it lies, so that an installed tree can be moved.
  file(RELATIVE_PATH PC_UP ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  set(PC_NAME ${name})
  list(JOIN ROOM_PKG_REQUIRES " " PC_REQUIRES)
  list(JOIN ROOM_PKG_LIBS " " PC_LIBS)
  configure_file(${PROJECT_SOURCE_DIR}/engine/cmake/nines-room.pc.in ${PROJECT_BINARY_DIR}/nines-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/nines-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${name})
endfunction()
