#include "analyzer/cli/unrecorded.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace reftally {

namespace {

namespace fs = std::filesystem;

// As execvp(3) searches.
std::optional<fs::path> file_of(const std::string& program) {
  if (program.find('/') != program.npos) return program;
  const char* path = getenv("PATH");
  std::istringstream folders(path ? path : "/bin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder.empty() ? "." : folder) / program;
    if (access(file.c_str(), X_OK) == 0 && !fs::is_directory(file)) return file;
  }
  return std::nullopt;
}

bool has_interpreter(std::ifstream& file, const Elf64_Ehdr& header) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    file.seekg(static_cast<std::streamoff>(header.e_phoff + i * uint64_t{header.e_phentsize}));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return false;
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

// What keeps the dynamic linker from loading the agent; empty when nothing does, or it is no ELF file.
std::string obstacle_in(const fs::path& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) && geteuid() != 0)
    return "is setuid or setgid: nothing can be loaded into it; what it starts is seen with `reftally run` behind it "
           "(sudo reftally run -- PROGRAM)";
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header;
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return {};
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return {};
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
    return "is not a program for x86-64: the agent is";
  if (!has_interpreter(file, header))
    return "is statically linked: nothing can be loaded into it; `reftally attach PID` looks into it while it runs";
  return {};
}

}  // namespace

std::string why_unrecorded(const std::string& program, int status) {
  const std::optional<fs::path> file = file_of(program);
  const std::string obstacle = file ? obstacle_in(*file) : "";
  if (!obstacle.empty()) return fmt::format("{} {}", program, obstacle);
  const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)
    return fmt::format("{} was ended by signal {} ({}); with `--signal {}` a snapshot is taken first", program, number,
                       strsignal(number), number);
  if (number != 0)
    return fmt::format("{} was killed by signal {} ({}); `--signal N` and `kill -N PID` take a snapshot while it runs",
                       program, number, strsignal(number));
  return fmt::format(
      "the agent says why above, or {} did not load it, or ended by a system call of its own (--signal takes a "
      "snapshot while it runs)",
      program);
}

}  // namespace reftally
