// The program of the page: the files of web/ in the order of CMakeLists.txt, made a part of the library by the build.
#pragma once

namespace reftally {

extern const char kPageScript[], kPageStyle[];

}  // namespace reftally
