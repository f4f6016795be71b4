// Counts that no shape tells and no vote can: one object of its kind, a count with any name, a handle of two words.
#include <cstdint>

struct Buffer {
  virtual ~Buffer() = default;
  int users = 0;
};

struct Handle {
  Buffer* buffer = nullptr;
  std::uint64_t position = 0;
};

struct Reader {
  virtual ~Reader() = default;
  Handle handle;
  Buffer* last = nullptr;
};

Reader* g_reader;

[[gnu::noinline]] void lose() {
  auto* buffer = new Buffer;
  buffer->users = 3;
  asm volatile("" : : "r"(buffer) : "memory");
}

int main() {
  lose();
  g_reader = new Reader;
  auto* buffer = new Buffer;
  buffer->users = 2;
  g_reader->handle.buffer = buffer;
  g_reader->last = buffer;
}
