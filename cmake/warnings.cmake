# Warnings are errors, on g++ 12 and clang 19 alike.
add_library(reftally_warnings INTERFACE)
target_compile_options(reftally_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wvla
  -Wno-missing-field-initializers -Werror)
