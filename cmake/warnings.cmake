# Warnings are errors, on g++ 12 and clang 19 alike.
add_library(reftally_warnings INTERFACE)
target_compile_options(reftally_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wvla
  -Wno-missing-field-initializers -Werror)

# g++ 12 invents an overlapping copy in std::string's assignment at -O3 (GCC bug 105651, mended in 13).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(reftally_warnings INTERFACE -Wno-restrict)
endif()
