// Where in the DWARF each class is defined, by type_key, and where static variables are: one fast pass over all of
// it. Of the many copies of a class (one a unit that uses it) the first counts.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/image/dwarf_files.h"

namespace reftally {

class TypeIndex {
 public:
  struct Definition {
    DieRef die;
    uint64_t size = 0, line = 0;  // what tells two classes of one name apart
    uint32_t twin = 0;            // and what does where a unit has several that are alike in these
    uint32_t next = kEnd;         // another definition with the same key and another size, line or twin
  };
  struct Closure {
    std::string_view call_operator;  // mangled name of its operator()
    DieRef die;
  };
  static constexpr uint32_t kEnd = 0xffffffff;

  explicit TypeIndex(const DwarfFiles& files);

  const Definition* find(std::string_view type_key) const;  // nullptr when unknown
  const Definition* next(const Definition& definition) const;
  bool has_twin(const Definition& first) const;  // some of that name are of different lambdas
  // The closure whose operator()'s mangled name begins with `prefix`.
  const Closure* find_closure(std::string_view prefix) const;
  const std::vector<Definition>& definitions() const { return definitions_; }
  const std::vector<DieRef>& variables() const { return variables_; }
  // Classes whose DW_AT_name leaves out the template arguments (clang's -gsimple-template-names): whoever can read
  // the arguments names them.
  const std::vector<DieRef>& unnamed_templates() const { return unnamed_templates_; }
  void add(std::string_view type_key, Definition definition);

 private:
  void add_hashed(uint64_t key_hash, Definition definition);

  std::unordered_map<uint64_t, uint32_t> by_key_;  // XXH3 of the key: 2^-64 n^2 / 2 for a collision
  std::vector<Definition> definitions_;
  std::vector<Closure> closures_;  // by name
  std::vector<DieRef> variables_;
  std::vector<DieRef> unnamed_templates_;
};

}  // namespace reftally
