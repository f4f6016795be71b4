#include "analyzer/image/process_core.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "analyzer/base/error.h"
#include "analyzer/image/core_note.h"
#include "analyzer/image/process_areas.h"
#include "analyzer/image/process_kernel_words.h"
#include "analyzer/image/traced_process.h"

namespace reftally {

namespace {

std::string process_note(uint32_t pid) {
  prpsinfo_t info{};
  info.pr_pid = static_cast<int>(pid);
  const std::string name = whole_file(fmt::format("/proc/{}/comm", pid));
  name.copy(info.pr_fname, sizeof info.pr_fname - 1);
  std::string arguments = whole_file(fmt::format("/proc/{}/cmdline", pid));
  std::replace(arguments.begin(), arguments.end(), '\0', ' ');
  arguments.copy(info.pr_psargs, sizeof info.pr_psargs - 1);
  std::string body;
  append_bytes(body, info);
  return core_note(NT_PRPSINFO, body);
}

std::string files_note(const std::vector<MemoryArea>& areas) {
  std::string rows, names;
  uint64_t count = 0;
  for (const MemoryArea& area : areas) {
    if (!area.is_file()) continue;
    for (uint64_t word : {area.begin, area.end, area.file_offset / kPage}) append_bytes(rows, word);
    names += area.path + '\0';
    ++count;
  }
  std::string body;
  append_bytes(body, count);
  append_bytes(body, kPage);
  return core_note(NT_FILE, body + rows + names);
}

std::string kernel_words_note(uint32_t pid) {
  std::string body;
  for (const dump::KernelWord& word : read_kernel_words(pid)) append_bytes(body, word);
  return core_note(kKernelWordsNote, body);
}

std::string notes_of(uint32_t pid, const TracedProcess& process, const std::vector<MemoryArea>& areas) {
  std::string notes;
  for (const prstatus_t& thread : process.threads()) {
    std::string body;
    append_bytes(body, thread);
    notes += core_note(NT_PRSTATUS, body);
  }
  return notes + process_note(pid) + core_note(NT_AUXV, whole_file(fmt::format("/proc/{}/auxv", pid))) +
         files_note(areas) + kernel_words_note(pid);
}

class CoreWriter {
 public:
  explicit CoreWriter(std::string path)
      : path_(std::move(path)), fd_{open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)} {
    if (fd_.fd < 0) fail();
  }
  ~CoreWriter() {
    if (!path_.empty()) unlink(path_.c_str());
  }

  // Headers and notes, then memory at multiples of a page. More segments than a header can count: elf(5), PN_XNUM.
  void write(const std::string& notes, const std::vector<MemoryArea>& areas, uint32_t pid) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = header.e_version = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shoff = sizeof header;
    header.e_shnum = 1;
    header.e_phoff = sizeof header + sizeof(Elf64_Shdr);
    const uint64_t count = areas.size() + 1;
    header.e_phnum = static_cast<uint16_t>(std::min<uint64_t>(count, PN_XNUM));
    Elf64_Shdr extra{};
    extra.sh_info = static_cast<uint32_t>(count);
    std::string head;
    append_bytes(head, header);
    append_bytes(head, extra);
    uint64_t at = header.e_phoff + count * sizeof(Elf64_Phdr);
    append_bytes(head, Elf64_Phdr{PT_NOTE, 0, at, 0, 0, notes.size(), 0, 4});
    at = (at + notes.size() + kPage - 1) & ~(kPage - 1);
    for (const MemoryArea& area : areas) {
      const uint64_t size = area.end - area.begin;
      append_bytes(head, Elf64_Phdr{PT_LOAD, area.flags, at, area.begin, 0, size, size, kPage});
      at += size;
    }
    put(head + notes, 0);
    copy_memory(areas, at, pid);
  }

  void finish(const std::string& path) {
    if (rename(path_.c_str(), path.c_str()) != 0) fail();
    path_.clear();
  }

  uint64_t copied() const { return copied_; }

 private:
  [[noreturn]] void fail() const { throw Error(fmt::format("{}: {}", path_, strerror(errno))); }

  void put(std::string_view bytes, uint64_t at) {
    while (!bytes.empty()) {
      const ssize_t written = pwrite(fd_.fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      bytes.remove_prefix(static_cast<size_t>(written));
      at += static_cast<uint64_t>(written);
    }
  }

  // Zeros stay holes of the file, and so does what cannot be read.
  void copy_memory(const std::vector<MemoryArea>& areas, uint64_t end, uint32_t pid) {
    const Descriptor memory{open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC)};
    if (memory.fd < 0) throw Error(fmt::format("/proc/{}/mem: {}", pid, strerror(errno)));
    if (ftruncate(fd_.fd, static_cast<off_t>(end)) != 0) fail();
    uint64_t to = end;
    for (const MemoryArea& area : areas) to -= area.end - area.begin;
    std::string buffer(1 << 20, '\0');
    for (const MemoryArea& area : areas) {
      for (uint64_t at = area.begin; at < area.end;) {
        const uint64_t wanted = std::min<uint64_t>(buffer.size(), area.end - at);
        const ssize_t got = pread(memory.fd, buffer.data(), wanted, static_cast<off_t>(at));
        if (got == 0) throw Error(fmt::format("process {}: ended while its memory was copied", pid));
        const uint64_t read = got > 0 ? static_cast<uint64_t>(got) : kPage;
        if (got > 0) put_pages(std::string_view(buffer).substr(0, read), to + (at - area.begin));
        at += read;
      }
      to += area.end - area.begin;
    }
  }

  void put_pages(std::string_view bytes, uint64_t at) {
    for (size_t first = 0; first < bytes.size();) {
      size_t last = first;
      while (last < bytes.size() && !is_zero(bytes.substr(last, kPage))) last += kPage;
      if (last > first) put(bytes.substr(first, last - first), at + first), copied_ += last - first;
      first = last == first ? first + kPage : last;
    }
  }

  static bool is_zero(std::string_view page) {
    return page.front() == '\0' && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
  }

  std::string path_;  // empty once it has its name
  Descriptor fd_;
  uint64_t copied_ = 0;
};

}  // namespace

WrittenCore write_process_core(uint32_t pid, const std::string& folder) {
  std::error_code unreadable;
  const std::filesystem::path program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), unreadable);
  std::string name = program.empty() ? "process" : program.filename().string();
  if (constexpr std::string_view kGone = " (deleted)"; name.ends_with(kGone)) name.resize(name.size() - kGone.size());
  WrittenCore written{(std::filesystem::path(folder) / fmt::format("{}.{}.core", name, pid)).string()};
  CoreWriter writer(written.path + ".part");
  {
    const TracedProcess process(pid);
    const auto stopped = std::chrono::steady_clock::now();
    const std::vector<MemoryArea> areas = read_areas(pid);
    if (std::any_of(areas.begin(), areas.end(),
                    [](const MemoryArea& area) { return area.path.find("/libreftally-agent.so") != area.path.npos; }))
      throw Error(
          fmt::format("process {}: runs under the agent already: `reftally run --signal N` makes it write a dump "
                      "on `kill -N {}`",
                      pid, pid));
    const std::vector<MemoryArea> copied = areas_to_copy(pid, areas);
    writer.write(notes_of(pid, process, areas), copied, pid);
    written.pause_ns = static_cast<uint64_t>((std::chrono::steady_clock::now() - stopped).count());
  }
  writer.finish(written.path);
  written.memory_bytes = writer.copied();
  return written;
}

}  // namespace reftally
