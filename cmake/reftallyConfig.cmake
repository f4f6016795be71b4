include("${CMAKE_CURRENT_LIST_DIR}/reftallyTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/reftallyTests.cmake")
