// Time and memory of one piece of work, as a line of JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace reftally {

class Measurements {
 public:
  Measurements(uint64_t objects, uint64_t references, int rounds)
      : objects_(objects), references_(references), rounds_(rounds) {}

  // Median CPU time of the rounds, of all threads; peak memory over what the process had before.
  void run(const std::string& pass, const std::function<std::string()>& work) const;

 private:
  uint64_t objects_, references_;
  int rounds_;
};

}  // namespace reftally
