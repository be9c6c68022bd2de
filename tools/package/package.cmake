# What cpack makes: Debian packages of an installed tree (libnines0, libnines-dev, nines) and a tarball of the source.
# `./dev package` makes both. Included last, as it looks at everything that is installed.
set(package ${CMAKE_CURRENT_LIST_DIR})

# The command as a service. The unit starts /usr/bin/nines, so these are for a packaged system only.
install(FILES ${package}/nines.service DESTINATION lib/systemd/system COMPONENT tools)
install(FILES ${package}/nines.sysusers DESTINATION lib/sysusers.d RENAME nines.conf COMPONENT tools)
install(FILES ${package}/nines.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT tools)
find_program(NINES_GZIP gzip REQUIRED)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz
  COMMAND ${NINES_GZIP} -9nc ${package}/changelog > ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz
  DEPENDS ${package}/changelog)
add_custom_target(nines_changelog ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz)
foreach(part c:libnines0 c_dev:libnines-dev tools:nines)
  string(REPLACE ":" ";" part ${part})
  list(GET part 0 component)
  list(GET part 1 name)
  install(FILES ${package}/copyright ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endforeach()

set(CPACK_PACKAGE_NAME nines)
set(CPACK_PACKAGE_VENDOR nines)
# Whoever publishes packages says who answers for them.
set(NINES_PACKAGE_CONTACT "The maintainers of nines <nines@localhost>" CACHE STRING "Maintainer of the Debian packages")
set(CPACK_PACKAGE_CONTACT ${NINES_PACKAGE_CONTACT})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/tools/src/c)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL c c_dev c_static engine query prober tools)
foreach(component c_dev c_static engine query prober)
  string(TOUPPER ${component} upper)
  set(CPACK_COMPONENT_${upper}_GROUP dev)
endforeach()
set(CPACK_COMPONENT_C_GROUP runtime)
set(CPACK_COMPONENT_TOOLS_GROUP command)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libnines${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${package}/triggers ${package}/shlibs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION
  "${PROJECT_DESCRIPTION} (library)\nStores check results under server-and-time keys, and answers for uptime,\nincidents, latency and error budgets. This is the library with the C API.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libnines-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libnines${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
# What the C++ rooms are compiled and linked against; the C API needs none of it.
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "librocksdb-dev, libexpected-dev, libhowardhinnant-date-dev, libcurl4-openssl-dev, libssl-dev, libc-ares-dev, libre2-dev, nlohmann-json3-dev, libidn2-dev, zlib1g-dev, libbrotli-dev")
set(CPACK_DEBIAN_DEV_DESCRIPTION
  "${PROJECT_DESCRIPTION} (development)\nHeaders, static libraries, CMake package and pkg-config files for the C API\nand for the C++ libraries nines::engine, nines::query and nines::prober.")
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME nines)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS "ca-certificates, tzdata, systemd")
set(CPACK_DEBIAN_COMMAND_PACKAGE_CONTROL_EXTRA
  ${package}/postinst ${package}/prerm ${package}/postrm)
set(CPACK_DEBIAN_COMMAND_DESCRIPTION
  "${PROJECT_DESCRIPTION} (command)\nChecks servers on a schedule, keeps what it sees, answers questions and\nserves a page, as a command and as a service.")

# The source, as git has it, and buildable without it.
set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME nines-${PROJECT_VERSION})
set(CPACK_SOURCE_IGNORE_FILES "/\\.git/" "/\\.git$" "/build/" "/__pycache__/" "\\.deb$")
set(CPACK_NINES_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${package}/tracked_only.cmake)
include(CPack)
