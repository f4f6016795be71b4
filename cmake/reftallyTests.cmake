# reftally_launch_tests(TARGET... [FAIL_ON SEVERITY] [BASELINE FILE] [SUPPRESSIONS FILE])
#
# Every test of these targets runs under `reftally run`: one that leaves a finding of that severity (default: error)
# that the baseline does not have fails, by its own name. Before add_test(), catch_discover_tests() or
# gtest_discover_tests(); those make a test of every test case, so that each is looked at alone.
find_program(REFTALLY_COMMAND reftally HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin")

function(reftally_launch_tests)
  cmake_parse_arguments(PARSE_ARGV 0 launch "" "FAIL_ON;BASELINE;SUPPRESSIONS" "")
  if(NOT REFTALLY_COMMAND)
    message(FATAL_ERROR "reftally_launch_tests: there is no reftally on the PATH; set REFTALLY_COMMAND")
  endif()
  if(NOT launch_FAIL_ON)
    set(launch_FAIL_ON error)
  endif()
  set(command ${REFTALLY_COMMAND} run -o ${CMAKE_CURRENT_BINARY_DIR}/reftally-dumps --remove-dumps
    --fail-on ${launch_FAIL_ON})
  foreach(option BASELINE SUPPRESSIONS)
    if(launch_${option})
      get_filename_component(file ${launch_${option}} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
      if(NOT EXISTS ${file})
        message(FATAL_ERROR "reftally_launch_tests: ${option} ${file}: no such file. An empty baseline reads\n"
          "  {\"schema\": \"reftally-baseline/1\", \"findings\": []}\n"
          "and `reftally check DUMP --baseline FILE --update-baseline` makes one with what DUMP shows.")
      endif()
      string(TOLOWER ${option} name)
      list(APPEND command --${name} ${file})
    endif()
  endforeach()
  # TEST_LAUNCHER is there from CMake 3.29 on; before, an emulator is used whether one cross-compiles or not.
  if(CMAKE_VERSION VERSION_LESS 3.29)
    set(property CROSSCOMPILING_EMULATOR)
  else()
    set(property TEST_LAUNCHER)
  endif()
  set_property(TARGET ${launch_UNPARSED_ARGUMENTS} PROPERTY ${property} ${command} --)
endfunction()
