#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "analyzer/base/cursor.h"

namespace reftally {

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

[[noreturn]] void fail(const std::string& path) { throw Error(path + ": " + std::strerror(errno)); }

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a fifo must not make us wait
  if (file.fd < 0) fail(path);
  struct stat status{};
  if (fstat(file.fd, &status) != 0) fail(path);
  if (S_ISDIR(status.st_mode)) throw Error(path + ": not a regular file, but a folder: name the files in it");
  if (!S_ISREG(status.st_mode)) throw Error(path + ": not a regular file");
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses an empty range
  void* data = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) fail(path);
  data_ = static_cast<const uint8_t*>(data);
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace reftally
