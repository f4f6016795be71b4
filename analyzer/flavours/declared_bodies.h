// Where declared objects lie, when a process has native blocks as well: a word in one's body is its reference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/image/image.h"

namespace reftally {

class DeclaredBodies {
 public:
  explicit DeclaredBodies(const Image& image);  // empty when all objects of the process are of one kind

  std::optional<uint32_t> row_at(uint64_t place) const;  // of DeclaredFacts::objects
  std::string word_name(uint32_t row, uint64_t place) const;
  // Blocks of pybind11's table of instances: each has the address of a value and of the object that has it, and sees
  // both for as long as they live, without a claim to either.
  std::vector<uint32_t> pybind11_entries() const;

 private:
  struct Body {
    uint64_t begin, end;
    uint32_t row;
  };
  bool is_pybind11_instance(uint32_t row) const;

  const Image& image_;
  std::vector<Body> bodies_;  // by address
};

}  // namespace reftally
