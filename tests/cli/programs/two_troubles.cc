// Two things that its dump cannot have: what a visitor of its own would tell, which crashes, and the words of a shared
// mapping of a large file.
#include <fcntl.h>
#include <reftally.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace {

constexpr off_t kLarge = 65 << 20;

struct Thing {
  int references = 1;
};

void crash(const void*, reftally_visit, void*) { std::abort(); }

const reftally_type kType = {REFTALLY_TYPE(Thing, "Thing", references), 0, 0, nullptr, nullptr, 0, crash};

}  // namespace

int main() {
  char name[] = "/tmp/reftally-large-XXXXXX";
  const int file = mkstemp(name);
  if (file < 0 || unlink(name) != 0 || ftruncate(file, kLarge) != 0) return 1;
  if (mmap(nullptr, kLarge, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED) return 1;
  static auto* thing = new Thing;
  reftally_object(thing, &kType);
  return 0;
}
