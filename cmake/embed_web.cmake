# cmake -DSCRIPTS=a.js;b.js -DSTYLE=page.css -DOUTPUT=web_files.cc -P embed_web.cmake
# Raw string literals: what a file says stands in the library as it is.
set(script "")
foreach(file ${SCRIPTS})
  file(READ ${file} text)
  string(APPEND script "R\"reftally(${text})reftally\"\n")
endforeach()
file(READ ${STYLE} style)
file(WRITE ${OUTPUT} "#include \"reports/web_files.h\"

namespace reftally {

const char kPageScript[] = ${script};
const char kPageStyle[] = R\"reftally(${style})reftally\";

}  // namespace reftally
")
