#include "analyzer/image/core_file.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include <algorithm>

#include "analyzer/image/core_note.h"

namespace reftally {

namespace {

uint32_t flags_of(uint32_t segment_flags) {
  return (segment_flags & PF_R ? dump::kMapRead : 0) | (segment_flags & PF_W ? dump::kMapWrite : 0) |
         (segment_flags & PF_X ? dump::kMapExecute : 0);
}

uint64_t padded(uint64_t size) { return (size + 3) & ~uint64_t{3}; }

template <class Row>
const Row* row_at(const std::vector<Row>& rows, uint64_t address) {
  auto after =
      std::upper_bound(rows.begin(), rows.end(), address, [](uint64_t a, const Row& row) { return a < row.begin; });
  return after != rows.begin() && address < (after - 1)->end ? &*(after - 1) : nullptr;
}

// Behind it is the kernel's half, of which cores have a page of code (vsyscall). Sums of addresses do not wrap below.
constexpr uint64_t kEndOfPrograms = uint64_t{1} << 63;

}  // namespace

CoreFile::CoreFile(const std::string& path) : file_(path) {
  Cursor cursor(file_.path(), file_.bytes());
  const Elf64_Ehdr header = Cursor(cursor).read<Elf64_Ehdr>("an ELF header");
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_CORE || header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(Elf64_Phdr))
    cursor.fail("a core file of an x86-64 process");
  uint64_t count = header.e_phnum;
  if (count == PN_XNUM) {  // more than fit: the first section header has the number (elf(5))
    cursor.seek(header.e_shoff, "a section header inside the file");
    count = cursor.read<Elf64_Shdr>("the section header with the number of segments").sh_info;
  }
  cursor.seek(header.e_phoff, "program headers inside the file");
  read_program_headers(
      Cursor(file_.path(), cursor.take(count * sizeof(Elf64_Phdr), "as many program headers as told"), header.e_phoff));
  if (threads_.empty()) Cursor(file_.path(), file_.bytes()).fail("a note NT_PRSTATUS: no thread is in this core");
}

void CoreFile::read_program_headers(Cursor cursor) {
  std::vector<Cursor> notes;
  while (!cursor.at_end()) {
    const Cursor place = cursor;
    const auto header = cursor.read<Elf64_Phdr>("a program header");
    if (header.p_type != PT_LOAD && header.p_type != PT_NOTE) continue;
    if (header.p_offset > file_.bytes().size() || header.p_filesz > file_.bytes().size() - header.p_offset)
      place.fail(fmt::format("{} bytes at {} inside the file: the core was cut short (ulimit -c, a full disk)",
                             header.p_filesz, header.p_offset));
    if (header.p_type == PT_NOTE) {
      notes.emplace_back(file_.path(), file_.bytes().subspan(header.p_offset, header.p_filesz), header.p_offset);
      continue;
    }
    if (header.p_memsz > ~header.p_vaddr || header.p_filesz > header.p_memsz || header.p_vaddr % 8 != 0)
      place.fail("a segment of memory below 2^64, at a multiple of 8");
    if (header.p_memsz == 0 || header.p_vaddr + header.p_memsz > kEndOfPrograms) continue;
    segments_.push_back({header.p_vaddr, header.p_vaddr + header.p_memsz, header.p_vaddr + header.p_filesz,
                         file_.bytes().data() + header.p_offset, flags_of(header.p_flags)});
  }
  std::sort(segments_.begin(), segments_.end(),
            [](const CoreSegment& a, const CoreSegment& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < segments_.size(); ++i)
    if (segments_[i].begin < segments_[i - 1].end)
      cursor.fail(fmt::format("disjoint segments, found two at {:#x}", segments_[i].begin));
  for (const Cursor& note : notes) read_notes(note);
}

void CoreFile::read_notes(Cursor cursor) {
  while (cursor.remaining() >= sizeof(Elf64_Nhdr)) {
    const auto header = cursor.read<Elf64_Nhdr>("a note");
    cursor.take(std::min<uint64_t>(padded(header.n_namesz), cursor.remaining()), "the name of a note");
    const uint64_t base = cursor.position();
    const std::span<const uint8_t> body = cursor.take(header.n_descsz, "the body of a note");
    const Cursor note(file_.path(), body, static_cast<uint64_t>(body.data() - file_.bytes().data()));
    cursor.seek(std::min(base + padded(header.n_descsz), base + header.n_descsz + cursor.remaining()), "a note's end");
    switch (header.n_type) {
      case NT_PRSTATUS:
        read_status(note);
        break;
      case NT_PRPSINFO:
        read_process(note);
        break;
      case NT_AUXV:
        read_auxiliary(note);
        break;
      case NT_FILE:
        read_file_note(note);
        break;
      case kKernelWordsNote:
        read_kernel_words(note);
        break;
      default:
        break;
    }
  }
}

// Registers in DWARF's order, as dump::ThreadRecord has them.
void CoreFile::read_status(Cursor cursor) {
  const auto status = cursor.read<prstatus_t>("a thread's status (struct elf_prstatus)");
  user_regs_struct from{};
  static_assert(sizeof from <= sizeof status.pr_reg);
  std::memcpy(&from, &status.pr_reg, sizeof from);
  const unsigned long long in_order[dump::kRegisterCount] = {from.rax, from.rdx, from.rcx, from.rbx, from.rsi, from.rdi,
                                                             from.rbp, from.rsp, from.r8,  from.r9,  from.r10, from.r11,
                                                             from.r12, from.r13, from.r14, from.r15, from.rip};
  CoreThread thread;
  thread.tid = static_cast<uint32_t>(status.pr_pid);
  thread.thread_pointer = from.fs_base;
  std::copy(std::begin(in_order), std::end(in_order), thread.registers);
  threads_.push_back(thread);
}

void CoreFile::read_process(Cursor cursor) {
  const auto info = cursor.read<prpsinfo_t>("what ps(1) tells of the process (struct elf_prpsinfo)");
  pid_ = static_cast<uint32_t>(info.pr_pid);
  arguments_.assign(info.pr_psargs, strnlen(info.pr_psargs, sizeof info.pr_psargs));
  while (arguments_.ends_with(' ')) arguments_.pop_back();
}

void CoreFile::read_kernel_words(Cursor cursor) {
  kernel_words_.emplace();
  while (cursor.remaining() >= sizeof(dump::KernelWord))
    kernel_words_->push_back(cursor.read<dump::KernelWord>("what the kernel keeps for the process"));
}

void CoreFile::read_auxiliary(Cursor cursor) {
  while (cursor.remaining() >= sizeof(Elf64_auxv_t)) {
    const auto entry = cursor.read<Elf64_auxv_t>("an auxiliary value");
    if (entry.a_type == AT_ENTRY) entry_ = entry.a_un.a_val;
  }
}

// count, page size, (begin, end, offset in pages)[count], then as many names.
void CoreFile::read_file_note(Cursor cursor) {
  constexpr uint64_t kRow = 3 * sizeof(uint64_t);
  const auto count = cursor.read<uint64_t>("a number of mapped files"), page = cursor.read<uint64_t>("a page size");
  if (count > cursor.remaining() / kRow) cursor.fail(fmt::format("rows of {} mapped files", count));
  Cursor rows = cursor;
  cursor.take(count * kRow, "rows of mapped files");
  for (uint64_t i = 0; i < count; ++i) {
    CoreMapping mapping;
    mapping.begin = rows.read<uint64_t>("where a file is mapped");
    mapping.end = rows.read<uint64_t>("where a mapping ends");
    mapping.file_offset = rows.read<uint64_t>("an offset in a file") * page;
    for (char c; (c = cursor.read<char>("the name of a mapped file")) != '\0';) mapping.path += c;
    if (mapping.begin < mapping.end) mappings_.push_back(std::move(mapping));
  }
  std::stable_sort(mappings_.begin(), mappings_.end(),
                   [](const CoreMapping& a, const CoreMapping& b) { return a.begin < b.begin; });
}

const CoreSegment* CoreFile::segment_at(uint64_t address) const { return row_at(segments_, address); }
const CoreMapping* CoreFile::mapping_at(uint64_t address) const { return row_at(mappings_, address); }

const uint8_t* CoreFile::at(uint64_t address, uint64_t size) const {
  const CoreSegment* segment = segment_at(address);
  if (!segment || address >= segment->stored_end || size > segment->stored_end - address) return nullptr;
  return segment->bytes + (address - segment->begin);
}

}  // namespace reftally
