// A heap as text, for tests and tickets:
//
//   static g => a; a => b; b ~> a; b -> buffer; a:3; buffer[64]
//
//   drawing   := statement (";" | newline) …          "#" starts a comment that ends with its line
//   statement := object (arrow object)*               "a(Session)[64]:2 =[handler_]=> b"
//              | ROOT NAME (arrow object)+            "stack \"thread 1, run()\" => a"
//              | "type" TEXT "{" word, … "}"          "type Session {finalizer, at \"session.h:12\"}"
//              | "totals" BLOCKS BYTES                default: the objects and the sum of their sizes
//   object    := ID ["(" TYPE ")"] ["[" BYTES "]"] [":" count] ["{" attribute, … "}"]
//   count     := STRONG ["/" WEAK] | "-"              "-" is a block that nobody counts
//   arrow     := shaft ["[" label "]" shaft] [mark] ">"
//   shaft     := "=" strong | "=?" strong or weak | "~" weak | "-" raw
//   mark      := "!" exact | "+" known by counts | "*" conservative
//   label     := [OWNER "::"] PATH ["#" ELEMENT] ["@" LOCATION]      "Session::routes_[].handler_#3@session.h:18"
//   ROOT      := static thread_local stack register frame external pinned cache call_context
//   attribute := block shared_ptr intrusive declared python | immortal tracked finalized … | generation N
//              | at ADDRESS | stack N | birth N | note "TEXT"
//
// Texts (TYPE, NAME, OWNER, PATH, LOCATION) may be "quoted", with \" and \\. Without a mark, "=" and "~" are exact,
// "=?" and "-" conservative. Without a count an object that a strong, strong-or-weak or weak arrow points to is
// counted, and its count is the number of "=>" that pay for it (exact or counted, from objects and roots), so that its
// remainder is 0; any other object is a block. Without a size an object has 16 bytes. Objects are numbered as first
// met.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "analyzer/heap/heap.h"

namespace reftally {

struct DrawnHeap {
  Heap heap;
  std::map<std::string, ObjectId, std::less<>> names;

  ObjectId operator[](std::string_view name) const;  // throws Error when nothing of that name was drawn
};

// Throws Error: "drawing:LINE:COLUMN: expected …", the line, and a caret below the column.
DrawnHeap read_drawing(std::string_view text);

// The inverse: read_drawing(write_drawing(heap)) has the same columns. Names are made from types: "session_3".
std::string write_drawing(const Heap& heap);

}  // namespace reftally
