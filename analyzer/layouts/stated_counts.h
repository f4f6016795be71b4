// What a person has said of a program's own counts, where neither shape nor a vote of counts tells.
//
//   line := "count" CLASS "::" MEMBER      this integer counts the references to objects of the class, or of one below
//         | "pointer" CLASS                objects of the class hold a reference each; without template arguments
//                                          all of the template do
//         | "member" PLACE                 plain pointers there hold a reference each: a member as reports print it
//                                          ("Scene::nodes_[]"), or a variable ("g_scene")
//
// Lines that begin with '#' are comments, as is what follows " #".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reftally {

struct Type;

class StatedCounts {
 public:
  // Throws Error "FILE:LINE: expected …".
  void read(std::string_view text, const std::string& file);

  bool is_pointer(const Type& type) const;
  bool is_place(std::string_view place) const;
  bool is_count(std::string_view owner, std::string_view member) const;
  bool empty() const { return rows_.empty(); }

  // "FILE:LINE: …" for each line that nothing in the programs asked about so far matched.
  std::vector<std::string> unmatched() const;

 private:
  enum class Kind : uint8_t { kCount, kPointer, kPlace };
  struct Row {
    Kind kind;
    std::string name;  // as in the file
    std::string where;
    mutable bool matched = false;
  };
  struct KindWord;
  static const KindWord kKinds[];
  bool matches(Kind kind, std::string_view name) const;

  std::vector<Row> rows_;
};

}  // namespace reftally
