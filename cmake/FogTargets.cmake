# Flags and helpers every target shares.  A folder declares its library with fog_library(), its tests with
# fog_test() (one executable a folder, sources listed) and its programs with fog_program().

find_program(FOG_CCACHE ccache)
if(FOG_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FOG_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${FOG_CCACHE})
endif()

add_library(fog_flags INTERFACE)
target_compile_options(fog_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                           -Werror)
# LMDB's package asks for -pthread, and what shares a precompiled header has to agree.
target_compile_options(fog_flags INTERFACE -pthread)
# Coroutine frames come from the process allocator: Asio's recycling keeps two blocks a thread and only inside its
# own run loops, which the simulator does not use.
target_compile_definitions(
  fog_flags INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_NO_DEPRECATED
                      BOOST_ASIO_SEPARATE_COMPILATION)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own and Boost's headers once coroutines are inlined (PR 105562 and relatives).
  target_compile_options(fog_flags INTERFACE -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-array-bounds
                                             -Wno-stringop-overflow $<$<CONFIG:Release>:-Wno-stringop-overread>
                                             -Wno-restrict -Winvalid-pch -fpch-preprocess)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's own std::stable_sort uses what C++17 deprecated; clang reports it at our call.
  target_compile_options(fog_flags INTERFACE -Wno-gnu-zero-variadic-macro-arguments -Wno-deprecated-declarations)
endif()
if(FOG_SANITIZE)
  # Line tables are all that the reports need of debug information; the rest costs a fifth of the time to build.
  target_compile_options(fog_flags INTERFACE -fsanitize=${FOG_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all -g1)
  target_link_options(fog_flags INTERFACE -fsanitize=${FOG_SANITIZE})
  if(FOG_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's fences, which that sanitizer does not model.  An io_context of ours has one thread, and what others hand
    # to it goes through its mutex.
    target_compile_options(fog_flags INTERFACE -Wno-tsan)
  endif()
  add_library(fog_sanitizers OBJECT ${CMAKE_SOURCE_DIR}/cmake/sanitizers.cpp)
  set(fog_sanitizer_defaults $<TARGET_OBJECTS:fog_sanitizers>)
endif()

# One precompiled header for the coroutine files of libraries and programs, one with GoogleTest for those of tests:
# every target of its kind reuses it.
function(fog_precompile name)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()
fog_precompile(fog_pch fog_flags Boost::headers)
target_precompile_headers(fog_pch PRIVATE ${CMAKE_SOURCE_DIR}/engine/asio_pch.hpp)
if(FOG_BUILD_TESTS)
  fog_precompile(fog_test_pch fog_flags Boost::headers GTest::gtest GTest::gmock)
  target_precompile_headers(fog_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/engine/asio_pch.hpp <gmock/gmock.h> <gtest/gtest.h>)
endif()

# fog_library(NAME sources... [HEADERS headers...] [LINK libs...] [PCH])
function(fog_library name)
  cmake_parse_arguments(arg "PCH" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC fog_flags ${arg_LINK})
  if(arg_PCH)
    target_precompile_headers(${name} REUSE_FROM fog_pch)
  endif()
endfunction()

# fog_test(NAME SOURCES files... LINK libs... [PCH] [WHOLE]): one GoogleTest executable, every case a ctest
# entry; with WHOLE the executable is one entry, for cases that share a costly server.
function(fog_test name)
  if(NOT FOG_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "PCH;WHOLE" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${fog_sanitizer_defaults})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE fog_flags ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE FOG_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(arg_PCH)
    target_precompile_headers(${name} REUSE_FROM fog_test_pch)
  endif()
  # The label is the top-level folder: `ctest -L real` runs what stands there.
  string(REPLACE "${CMAKE_SOURCE_DIR}/" "" folder "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "/.*" "" folder "${folder}")
  if(arg_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS ${folder})
  else()
    # Without the values of parameters, which may be addresses: a name is the same in every run.
    gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300 LABELS ${folder})
  endif()
  set_property(GLOBAL APPEND PROPERTY FOG_TESTS_OF_${folder} ${name})
endfunction()

# fog_program(NAME SOURCES files... LINK libs... [PCH]): an executable in build/<preset>/bin.
function(fog_program name)
  cmake_parse_arguments(arg "PCH" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${fog_sanitizer_defaults})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE fog_flags ${arg_LINK})
  if(arg_PCH)
    target_precompile_headers(${name} REUSE_FROM fog_pch)
  endif()
endfunction()

# fog_also_named(NAME OTHER): the program stands in build/<preset>/bin under that name, too.  One line each: `run` reads
# them.
function(fog_also_named name other)
  set_property(TARGET ${name} APPEND PROPERTY FOG_OTHER_NAMES ${other})
  add_custom_command(
    TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${name} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${other}
    VERBATIM)
endfunction()
