# cmake --install, and a Debian package (cpack).  What was not built is left out: an install of the simulator alone
# needs nothing of real/.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(fog_programs
    fogsim fogsim-judge sample-keys mc-util-seeded-ed25519-key-gen mc-crypto-x509-test-vectors simulated-enclave-css
    init_test_ledger add_test_block generate-sample-ledger dump-ledger ledger-copy ledger-distribution ledger-verify
    fog-sql-recovery-db-migrations mc-fog-sql-recovery-db-cleanup fog_node fogreal)
set(fog_other_names "")
foreach(program ${fog_programs})
  if(NOT TARGET ${program})
    continue()
  endif()
  install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} OPTIONAL)
  get_target_property(names ${program} FOG_OTHER_NAMES)
  foreach(name ${names})
    if(NOT name STREQUAL "names-NOTFOUND")
      install(CODE "
        if(EXISTS \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${program}\")
          file(CREATE_LINK ${program} \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${name}\" SYMBOLIC)
        endif()")
      list(APPEND fog_other_names ${name})
    endif()
  endforeach()
endforeach()
# The one has no flags under its own name, the other is what `fogsim judge` starts: its help is that command's.
list(REMOVE_ITEM fog_programs fog_node fogsim-judge)
set(fog_manuals "fogsim mutants" ${fog_programs} ${fog_other_names})
list(TRANSFORM fog_manuals PREPEND "\"")
list(TRANSFORM fog_manuals APPEND "\"")
list(JOIN fog_manuals " " fog_manuals)

# Man pages and completions come from the flags themselves.
string(TIMESTAMP fog_today "%Y-%m-%d" UTC)
install(CODE "
  find_program(python3 python3)
  if(python3)
    set(share \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\")
    execute_process(COMMAND \${python3} \"${CMAKE_SOURCE_DIR}/tools/manuals.py\"
                            --bin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\"
                            --man \"\${share}/man/man1\" --completions \"\${share}/bash-completion/completions\"
                            --version ${PROJECT_VERSION} --date ${fog_today} ${fog_manuals}
                    COMMAND_ERROR_IS_FATAL ANY)
  else()
    message(WARNING \"no python3: man pages and completions are left out\")
  endif()")

install(FILES LICENSE README.md CHANGELOG.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fogsim)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the fogsim authors <fogsim@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql, nginx-light, openssl")
include(CPack)
