// glibc's thread control block points at the thread's dtv, whose row n (two words, from 1) begins with the address of
// the block of module n ("ELF Handling For Thread-Local Storage", section 3; glibc sysdeps/x86_64/nptl/tls.h).
#include "analyzer/image/thread_local_blocks.h"

namespace reftally {

namespace {

constexpr uint64_t kDtvInControlBlock = 8, kRowSize = 16;
constexpr uint64_t kUnallocated = ~uint64_t{0};

}  // namespace

std::optional<uint64_t> thread_local_block(const Image& image, const ImageThread& thread, const ImageModule& module) {
  if (!thread.thread_pointer || !module.thread_local_number) return std::nullopt;
  const std::optional<uint64_t> rows = image.word(thread.thread_pointer + kDtvInControlBlock);
  if (!rows || *rows % 8 != 0) return std::nullopt;
  // The row before the first counts the times the loader changed modules: rows beyond what the thread has seen since
  // are not there yet, and read as whatever lies behind the dtv. Row -1 says how many there are.
  const std::optional<uint64_t> row_count = image.word(*rows - kRowSize);
  if (!row_count || module.thread_local_number > *row_count) return std::nullopt;
  const std::optional<uint64_t> block = image.word(*rows + kRowSize * module.thread_local_number);
  return block == 0 || block == kUnallocated ? std::nullopt : block;
}

}  // namespace reftally
