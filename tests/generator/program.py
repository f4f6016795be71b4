"""Writes a model as a C++ program. The program says where each object is, in the file that argv[1] names, if any."""

from fields import POINTER
from model import all_fields

COMMON_HEADERS = ["atomic", "cstdint", "cstring", "memory", "memory_resource", "new", "string",
                  "thread", "fcntl.h", "stdio.h",
                  "sys/mman.h", "unistd.h"]

HELPERS = """
int g_truth = -1;

// "object 3 at 0x… counted by 0x…": the two words of a shared_ptr of libstdc++ and libc++.
template <class T>
void born(int id, const std::shared_ptr<T>& object) {
  void* words[2];
  std::memcpy(words, static_cast<const void*>(&object), sizeof words);
  dprintf(g_truth, "%d %p %p\\n", id, words[0], words[1]);
}

template <class P>
void lose(const P& object) {
  alignas(P) std::byte slot[sizeof(P)];
  new (slot) P(object);
}

template <class P>
long count_of(const P& object) {
  return object.use_count();
}

[[maybe_unused]] void* map_page() {
  return mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// Never gives memory back, and leaves nothing there of what was destroyed: a word left over would keep objects alive.
struct Pool : std::pmr::memory_resource {
  std::pmr::monotonic_buffer_resource buffer{4000, std::pmr::new_delete_resource()};
  void* do_allocate(size_t size, size_t alignment) override { return buffer.allocate(size, alignment); }
  void do_deallocate(void* place, size_t size, size_t) override { std::memset(place, 0, size); }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

[[maybe_unused]] std::pmr::memory_resource& pool() {
  static auto* resource = new Pool;
  return *resource;
}

std::atomic<int> g_started, g_waiting;
std::atomic<bool> g_stop;

[[maybe_unused, gnu::noinline]] void wait_for_stop() {
  ++g_waiting;
  while (!g_stop) pause();
}
[[maybe_unused]] void wait_until_waiting() {
  ++g_started;
  while (g_waiting < g_started) std::this_thread::yield();
}
"""

OWN_POINTERS = """
struct Counted {
  virtual ~Counted() = default;
  int references = 0;
};
void intrusive_ptr_add_ref(Counted* object) { ++object->references; }
void intrusive_ptr_release(Counted* object) {
  if (--object->references == 0) delete object;
}

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) { add(); }
  Ref(const Ref& other) : object_(other.object_) { add(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : object_(other.get()) { add(); }
  Ref& operator=(Ref other) {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) intrusive_ptr_release(object_);
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  bool operator<(const Ref& other) const { return object_ < other.object_; }

 private:
  void add() {
    if (object_) intrusive_ptr_add_ref(object_);
  }
  T* object_ = nullptr;
};

template <class T>
void born(int id, const {pointer}<T>& object) {
  void* const begin = dynamic_cast<void*>(object.get());
  dprintf(g_truth, "%d %p %p\\n", id, begin, begin);
}
template <class T>
long count_of(const {pointer}<T>& object) {
  return object->references;
}
"""

SECOND_BASE = """
struct Watched {
  virtual ~Watched() = default;
  long watches = 3;
};
"""

NAMESPACES = [("", ""), ("namespace {", "}"), ("namespace shop::model {", "}  // namespace shop::model\nusing namespace shop::model;")]


def class_text(model, index):
    described = model.classes[index]
    bases = ["Watched"] if described.second_base else []
    if described.base is None and described.counted_inside:
        bases.append("Counted")
    if described.base is not None:
        bases.append(("virtual " if described.virtual_base else "") + model.classes[described.base].name)
    if described.from_this:
        bases.append(f"std::enable_shared_from_this<{described.name}>")
    alignment = f"alignas({described.alignment}) " if described.alignment else ""
    lines = [f"struct {alignment}{described.name}{' : ' + ', '.join(bases) if bases else ''} {{"]
    if described.polymorphic:
        lines.append(f"  virtual ~{described.name}() = default;")
    if described.base is None:
        lines.append("  int value = 1;")
    for field in described.fields:
        text = pointer_text(model, field.kind.declaration, field.target)
        lines.append("  " + text.format(type=model.classes[field.target].name, name=field.name))
    return "\n".join(lines + ["};"])


def pointer_text(model, text, index):
    """A text about the class's smart pointer."""
    return text.replace(POINTER, model.own_pointer + "<{type}>") if model.classes[index].counted_inside else text


def birth_text(model, n):
    item = model.objects[n]
    lines = [pointer_text(model, item.birth.statement, item.type).format(name=f"o{n}", type=model.classes[item.type].name, n=n + 1),
             f"born({n}, o{n});"]
    return lines + [f"lose(o{n});"] * item.lost


def build_text(model):
    """Everything happens in a few functions, so that no frame of main's ever held an object."""
    lines = []
    for n in range(len(model.objects)):
        lines += birth_text(model, n)
    for n, reference in enumerate(model.references):
        lines.append(pointer_text(model, reference.field.kind.hold, reference.field.target).format(
            field=f"o{reference.source}->{reference.field.name}", object=f"o{reference.target}", n=n,
            type=model.classes[reference.field.target].name))
    for n, root in enumerate(model.roots):
        lines.append(pointer_text(model, root.kind.hold, model.objects[root.target].type).format(name=root.name, object=f"o{root.target}", n=1000 + n, type=root_type(model, root)))
    return "\n".join("  " + line for line in lines)


def root_type(model, root):
    return model.classes[model.objects[root.target].type].name


def has_own_pointers(model):
    return any(described.counted_inside for described in model.classes)


def class_order(model):
    """Bases first; otherwise the order of the model."""
    return sorted(range(len(model.classes)), key=lambda index: (depth(model, index), index))


def depth(model, index):
    base = model.classes[index].base
    return 0 if base is None else 1 + depth(model, base)


def program_text(model):
    headers = set(COMMON_HEADERS)
    for index in range(len(model.classes)):
        headers.update(*[field.kind.headers for field in all_fields(model, index)])
    for item in [*(item.birth for item in model.objects), *(root.kind for root in model.roots)]:
        headers.update(item.headers)
    if has_own_pointers(model):
        headers.update(("utility", "boost/smart_ptr/intrusive_ptr.hpp"))
    opening, closing = NAMESPACES[model.seed % len(NAMESPACES)]
    parts = [f"// Random heap {model.seed}, written by tests/generator.", *(f"#include <{name}>" for name in sorted(headers)),
             HELPERS]
    if has_own_pointers(model):
        parts.append(OWN_POINTERS.replace("{pointer}", model.own_pointer))
    parts += [SECOND_BASE, opening]
    parts += [f"struct {described.name};" for described in model.classes]
    parts += [class_text(model, index) for index in class_order(model)]
    parts.append(closing)
    parts += [pointer_text(model, root.kind.declaration, model.objects[root.target].type).format(
        name=root.name, type=root_type(model, root)) for root in model.roots]
    run = "std::thread(build).join();" if model.in_thread else "build();"
    parts.append("[[gnu::noinline]] void build() {\n" + build_text(model) + "\n}\n\nint main(int argc, char** argv) {\n"
                 "  g_truth = open(argc > 1 ? argv[1] : \"/dev/null\", O_WRONLY | O_CREAT | O_TRUNC, 0600);\n  " + run + "\n  close(g_truth);\n}\n")
    return "\n".join(parts)
