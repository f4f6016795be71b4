# reftally_expected_programs(NAME FLAGS flag... [COMPILER path] [SCRIPT path] [NO_DEBUG_INFO] [STRIP] SOURCES source...)
# Builds each source as a program of its own with just these flags, never the project's: what a user's program looks
# like to Reftally depends on them. Adds the test NAME, which runs all of them under reftally and compares the findings
# with the programs' expectations (tests/support/expectations.py), or does what SCRIPT does with the same arguments.
find_package(Python3 COMPONENTS Interpreter REQUIRED)

function(reftally_expected_programs name)
  cmake_parse_arguments(arg "NO_DEBUG_INFO;STRIP" "COMPILER;SCRIPT" "FLAGS;SOURCES" ${ARGN})
  if(NOT arg_COMPILER)
    set(arg_COMPILER ${CMAKE_CXX_COMPILER})
  endif()
  if(NOT arg_SCRIPT)
    set(arg_SCRIPT ${PROJECT_SOURCE_DIR}/tests/support/run_expected.py)
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  file(MAKE_DIRECTORY ${folder})
  set(programs "")
  set(cases "")
  foreach(source ${arg_SOURCES})
    file(RELATIVE_PATH stem ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    string(REGEX REPLACE "\\.cc$" "" stem ${stem})
    string(REPLACE "/" "." program ${stem})
    set(program ${folder}/${program})
    set(strip_command "")
    if(arg_STRIP)
      set(strip_command COMMAND ${CMAKE_STRIP} ${program})
    endif()
    add_custom_command(OUTPUT ${program}
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${arg_COMPILER} -std=c++20 -pthread ${arg_FLAGS}
        -I${PROJECT_SOURCE_DIR}/runtime/include -MD -MF ${program}.d -c ${source} -o ${program}.o
      COMMAND ${arg_COMPILER} -pthread ${arg_FLAGS} ${program}.o -o ${program}
      ${strip_command}
      DEPENDS ${source} DEPFILE ${program}.d COMMENT "Building ${name}: ${stem}" VERBATIM)
    list(APPEND programs ${program})
    get_filename_component(base ${stem} NAME)
    get_filename_component(source_folder ${source} DIRECTORY)
    if(EXISTS ${source_folder}/expected.txt)
      list(APPEND cases ${program}=${source_folder}:${base})
    else()
      list(APPEND cases ${program}=${source})
    endif()
  endforeach()
  add_custom_target(${name} ALL DEPENDS ${programs})
  set(options "")
  if(arg_NO_DEBUG_INFO OR arg_STRIP)
    set(options --no-debug-info)
  endif()
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} ${arg_SCRIPT}
    --reftally $<TARGET_FILE:reftally> ${options} ${cases})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
