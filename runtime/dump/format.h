// The Reftally dump, format version 1: what one process looked like at one moment.
//
// This header is the specification; runtime and analyzer share it and a few headers of facts
// (tests/support/check_includes lists them). A dump holds facts, never conclusions. All integers are little-endian; all
// records have fixed width and natural alignment.
//
//   file     := FileHeader section* toc FileTrailer
//   section  := SectionHeader payload
//   payload  := stored_size bytes; one zstd frame of raw_size bytes when kFlagZstd is set, else raw bytes; when
//               kFlagPlanes is set too, what the frame holds is in planes (byte_planes.h)
//   toc      := a section with tag kTagContents, payload TocEntry[], one for every section before it
//
// A tag may occur any number of times: its content is the concatenation of its raw payloads in file order. A
// record never straddles two sections. A writer therefore needs one bounded buffer and never seeks. A reader
// skips tags it does not know and refuses a file whose major version it does not know. A file is written under
// a temporary name and renamed when whole, so a dump under its final name always has a trailer.
//
// Strings: kTagStrings is one pool of bytes; a StringRef is (offset, length) into the concatenated pool.
// Length 0 means "none". Bytes are whatever the process had: a reader must not assume UTF-8.
//
// Adding a section: a tag here, one function in the writer, one in analyzer/image/dump_image. Adding a field:
// at the end of a record and with a new minor version; readers take the record size from SectionHeader.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reftally::dump {

inline constexpr uint8_t kMagic[8] = {0x89, 'T', 'A', 'L', 'L', 'Y', '\r', '\n'};
inline constexpr uint8_t kTrailerMagic[8] = {'Y', 'L', 'L', 'A', 'T', 0x89, '\r', '\n'};
inline constexpr uint16_t kVersionMajor = 1;
inline constexpr uint16_t kVersionMinor = 7;
inline constexpr uint32_t kByteOrderMark = 0x01020304;
inline constexpr uint32_t kArchitectureX86_64 = 62;  // EM_X86_64

// Raw bytes in one section at most: bounds the writer's buffers and what a hostile file makes a reader allocate.
inline constexpr uint64_t kMaxSectionRaw = 4u << 20;

constexpr uint32_t tag(const char (&name)[5]) {
  return uint32_t(uint8_t(name[0])) | uint32_t(uint8_t(name[1])) << 8 | uint32_t(uint8_t(name[2])) << 16 |
         uint32_t(uint8_t(name[3])) << 24;
}

// ---- image facts
inline constexpr uint32_t kTagProcess = tag("PROC");      // one ProcessRecord
inline constexpr uint32_t kTagMappings = tag("MAPS");     // MappingRecord, by address
inline constexpr uint32_t kTagModules = tag("MODS");      // ModuleRecord
inline constexpr uint32_t kTagSegments = tag("SEGS");     // SegmentRecord, grouped by module
inline constexpr uint32_t kTagThreads = tag("THRD");      // ThreadRecord
inline constexpr uint32_t kTagBlocks = tag("BLKS");       // BlockRecord, by address
inline constexpr uint32_t kTagWords = tag("WRDS");        // WordRegion, bitmap, words; see below
inline constexpr uint32_t kTagStacks = tag("STKS");       // StackNode; StackId n is the nth node, counted from 1
inline constexpr uint32_t kTagVtables = tag("VTBL");      // VtableRecord: vtable pointers met in words
inline constexpr uint32_t kTagStrings = tag("STRS");      // bytes
inline constexpr uint32_t kTagKernelWords = tag("KRNL");  // KernelWord; since 1.3
inline constexpr uint32_t kTagUnaligned = tag("UNAL");    // UnalignedWord; since 1.4
// ---- declared facts: what a runtime (CPython agent, reftally.h) knows for certain
inline constexpr uint32_t kTagDeclaredTypes = tag("DTYP");       // DeclaredType; DeclaredTypeId n is the nth, from 0
inline constexpr uint32_t kTagDeclaredObjects = tag("DOBJ");     // DeclaredObject
inline constexpr uint32_t kTagDeclaredReferences = tag("DREF");  // DeclaredReference
inline constexpr uint32_t kTagDeclaredRoots = tag("DROT");       // DeclaredRoot
inline constexpr uint32_t kTagDeclaredNames = tag("DNAM");       // DeclaredName, by object
inline constexpr uint32_t kTagRootRegions = tag("RGNS");         // RootRegion
inline constexpr uint32_t kTagExpectations = tag("EXPC");        // Expectation
inline constexpr uint32_t kTagEventTallies = tag("EVTL");        // EventTally
inline constexpr uint32_t kTagEventSummary = tag("EVTS");        // one EventSummary, when any event was told; since 1.2
inline constexpr uint32_t kTagHistory = tag("EVTH");             // HistoryEvent, in order
inline constexpr uint32_t kTagGObjectTypes = tag("GTYP");        // GObjectType
inline constexpr uint32_t kTagToldTypes = tag("TTYP");           // ToldType; the nth, from 0; since 1.4
inline constexpr uint32_t kTagToldFields = tag("TFLD");          // ToldField, grouped by type
inline constexpr uint32_t kTagToldObjects = tag("TOBJ");         // ToldObject, by address
inline constexpr uint32_t kTagToldReferences = tag("TREF");      // ToldReference
inline constexpr uint32_t kTagMiniObjects = tag("GMIN");         // MiniObjectType; since 1.4
inline constexpr uint32_t kTagCollector = tag("GCOL");           // CollectorGeneration, youngest first
inline constexpr uint32_t kTagDeclaredFrames = tag("DFRM");      // DeclaredFrame: positions in the runtime's language
inline constexpr uint32_t kTagNativeFrames = tag("DNFR");        // NativeFrame: those of DFRM that are native code
inline constexpr uint32_t kTagPools = tag("POOL");               // PoolRecord, by address
inline constexpr uint32_t kTagCollectorPauses = tag("GCPS");     // CollectorPauses, youngest first
inline constexpr uint32_t kTagDeclaredStacks = tag("DSTK");      // DeclaredStackNode; the nth, counted from 1
// ---- bookkeeping
inline constexpr uint32_t kTagNotes = tag("NOTE");     // NoteRecord: what the runtime could not do
inline constexpr uint32_t kTagContents = tag("TOC ");  // TocEntry

inline constexpr uint32_t kFlagZstd = 1u << 0;
inline constexpr uint32_t kFlagPlanes = 1u << 1;  // with kFlagZstd alone; since 1.6

struct FileHeader {
  uint8_t magic[8];
  uint16_t version_major, version_minor;
  uint32_t byte_order;    // kByteOrderMark
  uint32_t architecture;  // ELF e_machine
  uint32_t header_size;   // sizeof(FileHeader); a reader skips what it does not know
};
static_assert(sizeof(FileHeader) == 24);

struct SectionHeader {
  uint32_t tag;
  uint32_t flags;
  uint32_t record_size;  // bytes of one record; 1 for byte pools, 0 for variable-length payloads (kTagWords)
  uint32_t reserved;
  uint64_t stored_size;  // payload bytes in the file
  uint64_t raw_size;     // payload bytes after decompression, <= kMaxSectionRaw
  uint64_t checksum;  // XXH3 64 of the stored payload, seeded with the XXH3 64 of the header's bytes before this field
};
static_assert(sizeof(SectionHeader) == 40);

struct TocEntry {
  uint64_t file_offset;  // of the SectionHeader
  uint64_t stored_size, raw_size;
  uint32_t tag;
  uint32_t flags;
};
static_assert(sizeof(TocEntry) == 32);

struct FileTrailer {
  uint64_t toc_offset;  // of the SectionHeader of the toc
  uint64_t file_size;   // whole file, this trailer included
  uint8_t magic[8];     // kTrailerMagic
};
static_assert(sizeof(FileTrailer) == 24);

struct StringRef {
  uint64_t offset : 40;
  uint64_t length : 24;
};
static_assert(sizeof(StringRef) == 8);

enum class SnapshotReason : uint32_t {
  kMainReturned = 1,
  kExitCalled = 2,
  kSignal = 3,
  kApi = 4,
  kAttach = 5,
  kAbnormal = 6
};

inline constexpr uint32_t kProcessFullContents = 1u << 0;  // --full-contents: no word was dropped
inline constexpr uint32_t kProcessZeroFilled = 1u << 1;    // new blocks were zero-filled: no stale words in fresh slack
inline constexpr uint32_t kProcessAllBlocks = 1u << 2;     // every live block since process start was recorded

struct ProcessRecord {
  uint32_t pid, parent_pid;
  SnapshotReason reason;
  uint32_t flags;          // kProcess…
  uint64_t start_time_ns;  // CLOCK_REALTIME at agent start
  uint64_t snapshot_time_ns;
  uint64_t pause_ns;           // how long the threads stood still
  uint32_t sequence;           // N of NAME.PID.N.tally, from 1
  uint32_t min_block_spacing;  // bytes between the starts of two blocks at least (glibc: 32, tcmalloc: 16 or 8)
  uint64_t allocations_total;  // calls that returned a block since start
  StringRef executable;        // path as in /proc/self/exe
  StringRef command_line;      // argv joined by spaces
  StringRef runtime_version;
  StringRef working_directory;
  uint64_t run;  // number of the `reftally run` that the process belongs to (REFTALLY_RUN), 0: none. Since 1.5
  // Since 1.7: of a copy that fork() made, the order of birth at which it was made; a block born earlier was its
  // parent's. 0: the process is no copy, or is not known to be one.
  uint32_t fork_birth;
  uint32_t reserved;
};
static_assert(sizeof(ProcessRecord) == 104);

inline constexpr uint32_t kMapRead = 1, kMapWrite = 2, kMapExecute = 4, kMapShared = 8;
inline constexpr uint32_t kMapAgent = 16;  // the runtime's own memory: never a root, never scanned

struct MappingRecord {
  uint64_t begin, end;  // [begin, end)
  uint64_t file_offset;
  uint32_t flags;  // kMap…
  uint32_t reserved;
  StringRef path;  // or "[heap]", "[stack]", …; none for anonymous
};
static_assert(sizeof(MappingRecord) == 40);

struct ModuleRecord {
  uint64_t bias;  // what the loader added to the ELF file's virtual addresses
  uint32_t first_segment, segment_count;
  StringRef path;
  StringRef build_id;  // raw bytes
  // Since 1.1: its number in a thread's dtv ("ELF Handling For Thread-Local Storage", section 3); 0 none or unknown.
  uint32_t thread_local_number;
  uint32_t reserved;
};
static_assert(sizeof(ModuleRecord) == 40);

struct SegmentRecord {  // one PT_LOAD, PT_TLS or PT_GNU_RELRO
  uint64_t begin, end;  // run-time addresses (PT_TLS: of the initialisation image)
  uint32_t type;        // p_type
  uint32_t flags;       // kMapRead …
};
static_assert(sizeof(SegmentRecord) == 24);

inline constexpr int kRegisterCount = 17;  // rax rdx rcx rbx rsi rdi rbp rsp r8 … r15, rip: DWARF numbering
inline constexpr uint32_t kThreadRegistersKnown = 1u << 0;
inline constexpr uint32_t kThreadMain = 1u << 1;
inline constexpr uint32_t kThreadTookSnapshot = 1u << 2;

struct ThreadRecord {
  uint32_t tid;
  uint32_t flags;                   // kThread…
  uint64_t thread_pointer;          // fs base: thread control block
  uint64_t stack_begin, stack_end;  // mapping that holds sp
  uint64_t registers[kRegisterCount];
  uint32_t stack;  // StackId of what the thread was doing; 0 unknown
  uint32_t reserved;
  StringRef name;
};
static_assert(sizeof(ThreadRecord) == 184);

struct BlockRecord {
  uint64_t address;
  uint64_t size;   // as requested
  uint32_t stack;  // birth stack, StackId; 0 unknown
  uint32_t birth;  // order of birth: less is earlier, equal is not known; 0 unknown
};
static_assert(sizeof(BlockRecord) == 24);

enum class RegionKind : uint8_t {
  kHeap = 1,    // blocks (several may share a region when close together)
  kStatic = 2,  // writable segment of a module
  kStack = 3,   // [sp - 128, end of stack]; `thread` says whose. TLS of that thread lies in it for non-main threads
  kThreadLocal = 4,  // mapping that holds a thread's TLS when it is not its stack
  kOther = 5,        // any other writable private mapping, not free allocator memory
  kRelro = 6,        // relocated constants (vtables): not a root
};

// kTagWords payload: (WordRegion, uint64_t bitmap[(word_count + 63) / 64], uint64_t kept[popcount(bitmap)])*.
// Bit i (of bitmap[i / 64], least significant first) says that the word at address + 8 i was kept. Without
// kProcessFullContents a word is kept only when it can be an address (it lies, as it is or without its top 16 bits,
// in some mapping; or one of its halves does), a pair of counts or a small discriminator (each 32-bit half below 2^20,
// or all bits set). A dropped word is unknown, not zero.
struct WordRegion {
  uint64_t address;     // multiple of 8
  uint32_t word_count;  // >= 1
  uint32_t kept_count;  // popcount of the bitmap
  RegionKind kind;
  uint8_t reserved[3];
  uint32_t thread;  // index into kTagThreads + 1; 0 none
};
static_assert(sizeof(WordRegion) == 24);

struct StackNode {
  uint64_t ip;      // return address, or the faulting address for frame 0 of a signal
  uint32_t parent;  // StackId of the caller; 0 for the outermost
  uint32_t reserved;
};
static_assert(sizeof(StackNode) == 16);

struct VtableRecord {  // a word that pointed to a vtable: type_info read at vtable - 8, name at type_info + 8
  uint64_t vtable;
  StringRef type_name;  // mangled, without a leading '*'
};
static_assert(sizeof(VtableRecord) == 16);

struct UnalignedWord {  // that may be the address of a block and does not stand at a multiple of 8: unaligned_words.h
  uint64_t address, word;
};
static_assert(sizeof(UnalignedWord) == 16);

enum class KernelKeeper : uint32_t { kEpoll = 1, kTimer = 2, kSignalStack = 3 };  // the last since 1.6

struct KernelWord {  // that the kernel keeps for the program and hands back with an event
  uint64_t word;     // epoll_data, the sigev_value of a timer, or where a thread's sigaltstack() begins
  KernelKeeper keeper;
  uint32_t number;   // descriptor of the epoll instance; timer_t; tid
  uint32_t watched;  // epoll: the descriptor waited for
  uint32_t reserved;
};
static_assert(sizeof(KernelWord) == 24);

// ---- declared facts

inline constexpr uint32_t kTypeHasFinalizer = 1u << 0;     // a user-written finalizer (__del__) runs at death
inline constexpr uint32_t kTypeLegacyFinalizer = 1u << 1;  // tp_del: makes its cycles uncollectable
inline constexpr uint32_t kTypeCollected = 1u << 2;        // takes part in cycle collection (Py_TPFLAGS_HAVE_GC)
inline constexpr uint32_t kTypeHasTraverse = 1u << 3;
inline constexpr uint32_t kTypeHasClear = 1u << 4;
inline constexpr uint32_t kTypeHeapType = 1u << 5;

struct DeclaredType {
  uint64_t address;   // of the type object, 0 if none
  StringRef name;     // `module.qualname` as source says it
  StringRef flavour;  // "python", "declared", "gobject"
  uint32_t flags;     // kType…
  uint32_t module;    // index into kTagModules + 1 of the library that defines it; 0 unknown
};
static_assert(sizeof(DeclaredType) == 32);

inline constexpr uint32_t kObjectImmortal = 1u << 0;   // its count says nothing
inline constexpr uint32_t kObjectTracked = 1u << 1;    // in a collector generation
inline constexpr uint32_t kObjectFinalized = 1u << 2;  // its finalizer has already run
inline constexpr uint32_t kObjectWeakReferenced = 1u << 3;
inline constexpr uint32_t kObjectReleased = 1u << 4;   // expect_released was called for it
inline constexpr uint32_t kObjectUncounted = 1u << 5;  // node without a count of its own (a shared keys table)
inline constexpr uint32_t kObjectHasFinalizer = 1u << 6;
inline constexpr uint32_t kObjectStatic = 1u << 7;      // lies in a module's image: never freed, its count says nothing
inline constexpr uint32_t kObjectInterned = 1u << 8;    // a string of the interpreter's table of unique strings
inline constexpr uint32_t kObjectGenerationShift = 28;  // two bits: 0, 1, 2; 3 = permanent

struct DeclaredObject {
  uint64_t address;
  uint64_t size;
  int64_t strong_count;
  uint32_t type;         // DeclaredTypeId
  uint32_t flags;        // kObject…
  uint32_t birth_stack;  // StackId, 0 unknown
  uint32_t call_stack;   // birth stack in the runtime's language: node of kTagDeclaredStacks, 0 unknown
};
static_assert(sizeof(DeclaredObject) == 40);

// How source names a reference; the payload is a StringRef offset into the pool, an index, or nothing.
enum class LabelKind : uint8_t {
  kNone = 0,
  kAttribute = 1,  // .name
  kKey = 2,        // ["key"], name holds the printed key
  kIndex = 3,      // [index]
  kDictKey = 4,    // the key itself of entry `index`
  kCell = 5,       // closure variable name
  kLocal = 6,      // frame local name
  kField = 7,      // a slot of the runtime's own struct, by name: __func__, tp_base, …
  kType = 8,       // instance -> its type
  kGlobal = 9,     // module global name
  kOpaque = 10,    // traversed, but unnamed: name may hold "Type +offset"
  kSetMember = 11,
  kWord = 12,  // conservative: a word of the referrer's body that nothing explains; name: "+offset". Pays for nothing
};
inline constexpr uint8_t kLabelUnvisited = 0x80;  // or-ed to it: owned, but the runtime's own collector does not see it

// Every declared reference but a kWord is strong: it pays for one unit of the referent's count.
struct DeclaredReference {
  uint32_t from, to;         // indexes into the concatenated kTagDeclaredObjects
  uint32_t index;            // for kIndex, kDictKey; else 0
  uint32_t kind_and_length;  // LabelKind in the low 8 bits, name length in the high 24
  uint64_t name_offset;      // into the string pool
};
static_assert(sizeof(DeclaredReference) == 24);

enum class RootKind : uint8_t {
  kStatic = 1,
  kThreadLocal = 2,
  kStack = 3,
  kRegister = 4,
  kFrame = 5,
  kExternal = 6,
  kPinned = 7,
  kCache = 8,        // bounded: it fills up, and holds then what was asked for last. Since 1.4
  kCallContext = 9,  // function, code and namespaces of a running call, which others own as a rule. Since 1.4
};

struct DeclaredRoot {
  uint32_t to;  // index into the concatenated kTagDeclaredObjects
  RootKind kind;
  uint8_t counted;  // 1: it pays for one unit of the count; 0: it only keeps alive
  uint8_t reserved[2];
  StringRef name;  // "sys.modules", "thread 2, frame f (app.py:12), local x", "libfoo.so + 0x1234"
  uint64_t place;  // address of the word that refers, 0 unknown
};
static_assert(sizeof(DeclaredRoot) == 24);

struct DeclaredName {  // of an object that source names: a function, module, type, coroutine, frame
  uint32_t object;     // index into the concatenated kTagDeclaredObjects
  uint32_t line;       // where it is defined, 0 unknown
  StringRef name;      // "app.Session.open"
  StringRef file;
};
static_assert(sizeof(DeclaredName) == 24);

struct RootRegion {
  uint64_t begin, end;
  StringRef name;
};
static_assert(sizeof(RootRegion) == 24);

struct Expectation {  // expect_released(object, reason)
  uint64_t address;
  uint64_t time_ns;
  uint32_t stack;  // StackId of the call
  uint32_t reserved;
  StringRef reason;
};
static_assert(sizeof(Expectation) == 32);

// Reference count events, folded: what is left when each release has cancelled the acquire of its holder. The reference
// that an object is born with is no event. So the strong count is one more than the sum of an object's balances when
// all code that counts tells its events, and no object that has only its first reference has a tally.
struct EventTally {
  uint64_t object;
  uint64_t holder;  // address of the word that refers to the object (of shared_ptr, to its control block); 0 unknown
  uint32_t stack;   // that took the references; 0 unknown
  int32_t balance;  // > 0: references still alive. < 0: releases by holders that took none, `stack` of the latest;
                    // where holders are never known (GObject), a row for each stack that took and that gave back
};
static_assert(sizeof(EventTally) == 24);

// One event of an object whose history is kept (`reftally run --history TYPE`).
struct HistoryEvent {
  uint64_t object, holder;  // as in EventTally; a move's holder before
  uint64_t next_holder;     // of a move
  uint64_t time_ns;         // CLOCK_REALTIME
  uint32_t stack, thread;   // StackId, thread id
  uint32_t what;            // 1 acquire, 2 release, 3 release of the last one, 4 move, 5 acquire of one just made
  uint32_t reserved;
};
static_assert(sizeof(HistoryEvent) == 48);

struct GObjectType {       // of a GObject that the program has made
  uint64_t type;           // GType: the first word of the class, to which the first word of an object points
  uint32_t instance_size;  // what lies before it in a block is private to its classes
  uint32_t reserved;
  StringRef name;
};
static_assert(sizeof(GObjectType) == 24);

// ---- types that the program has told through reftally.h, and their objects

inline constexpr uint32_t kToldIncomplete = 1u << 0;  // its fields and its visitor do not tell all its references

struct ToldType {
  uint64_t size;       // of an object; 0: as large as its block
  uint64_t finalizer;  // address of the function that frees an object, 0 unknown
  StringRef name;
  uint32_t first_field, field_count;
  uint32_t flags;  // kTold…
  uint32_t reserved;
};
static_assert(sizeof(ToldType) == 40);

enum class ToldFieldKind : uint32_t { kStrong = 1, kWeak = 2, kOwned = 3 };  // kOwned: a block that goes with it
enum class ToldFieldArray : uint32_t { kOne = 0, kInside = 1, kAllocated = 2 };

// A pointer at `offset`; or several, `stride` apart, from `offset` on, or from where the pointer at `offset` leads,
// which is a block of the object's own. Of each element the pointer is at `element_offset`.
struct ToldField {
  StringRef name;
  ToldFieldKind kind;
  ToldFieldArray array;
  uint32_t offset, stride, element_offset;
  uint32_t length_offset, length_size;  // where in the object their number stands; size 0: `length` says it
  uint32_t reserved;
  uint64_t length;  // 0: as many as their block has room for
};
static_assert(sizeof(ToldField) == 48);

struct ToldObject {
  uint64_t address;
  int64_t strong_count;
  uint32_t type;  // ToldTypeId
  uint32_t reserved;
};
static_assert(sizeof(ToldObject) == 24);

struct ToldReference {  // that a type's visitor told
  uint32_t object;      // index into the concatenated kTagToldObjects
  ToldFieldKind kind;
  uint64_t target;
  uint64_t place;  // address of the word that refers, 0 unknown
  StringRef name;
};
static_assert(sizeof(ToldReference) == 32);

// A type of objects that count as GstMiniObject does: { type, 32-bit count, … }.
struct MiniObjectType {
  uint64_t type;  // GType
  StringRef name;
};
static_assert(sizeof(MiniObjectType) == 16);

struct EventSummary {           // since the start of the process
  uint64_t acquires, releases;  // 0 since 1.2: nobody counts them on their way
  uint64_t by_hooks_alone;      // 1: only calls into GLib and GStreamer told any, of objects of theirs; since 1.6
  uint64_t lost;                // events that could not be taken down: then no sum of balances proves anything
};
static_assert(sizeof(EventSummary) == 32);

struct CollectorGeneration {  // of the runtime's own cycle collector
  uint32_t enabled;           // 0: it runs only when told to
  uint32_t count, threshold;  // it looks at this generation when count exceeds threshold
  uint32_t reserved;
  uint64_t collections, collected, uncollectable;  // since start
};
static_assert(sizeof(CollectorGeneration) == 40);

struct CollectorPauses {  // of one generation, since the agent looks
  uint64_t collections, nanoseconds, longest_nanoseconds;
};
static_assert(sizeof(CollectorPauses) == 24);

struct PoolRecord {  // of the runtime's own allocator: blocks of one size
  uint64_t address;
  uint32_t arena;  // number of the mapping it was cut from
  uint32_t pool_size, block_size;
  uint32_t live, capacity;  // blocks
  uint32_t reserved;
};
static_assert(sizeof(PoolRecord) == 32);

struct DeclaredFrame {
  StringRef function, file;
  uint32_t line;  // 0 unknown
  uint32_t reserved;
};
static_assert(sizeof(DeclaredFrame) == 24);

struct NativeFrame {
  uint32_t frame;  // index into kTagDeclaredFrames, whose record has no name for it
  uint32_t reserved;
  uint64_t return_address;
};
static_assert(sizeof(NativeFrame) == 16);

struct DeclaredStackNode {
  uint32_t frame;   // index into kTagDeclaredFrames
  uint32_t parent;  // node of the caller, always an earlier one; 0 for the outermost that was recorded
};
static_assert(sizeof(DeclaredStackNode) == 8);

enum class NoteKind : uint32_t { kInfo = 0, kWarning = 1 };

struct NoteRecord {
  NoteKind kind;
  uint32_t reserved;
  StringRef text;
};
static_assert(sizeof(NoteRecord) == 16);

}  // namespace reftally::dump
