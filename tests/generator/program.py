"""Writes a model as a C++ program. The program says where each object is, in the file that argv[1] names."""

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

template <class T>
void lose(const std::shared_ptr<T>& object) {
  alignas(std::shared_ptr<T>) std::byte slot[sizeof(std::shared_ptr<T>)];
  new (slot) std::shared_ptr<T>(object);
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

NAMESPACES = [("", ""), ("namespace {", "}"), ("namespace shop::model {", "}  // namespace shop::model\nusing namespace shop::model;")]


def class_text(model, index):
    described = model.classes[index]
    bases = []
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
        lines.append("  " + field.kind.declaration.format(type=model.classes[field.target].name, name=field.name))
    return "\n".join(lines + ["};"])


def birth_text(model, n):
    item = model.objects[n]
    lines = [item.birth.statement.format(name=f"o{n}", type=model.classes[item.type].name, n=n + 1),
             f"born({n}, o{n});"]
    return lines + [f"lose(o{n});"] * item.lost


def build_text(model):
    """Everything happens in a few functions, so that no frame of main's ever held an object."""
    lines = []
    for n in range(len(model.objects)):
        lines += birth_text(model, n)
    for n, reference in enumerate(model.references):
        lines.append(reference.field.kind.hold.format(
            field=f"o{reference.source}->{reference.field.name}", object=f"o{reference.target}", n=n,
            type=model.classes[reference.field.target].name))
    for n, root in enumerate(model.roots):
        lines.append(root.kind.hold.format(name=root.name, object=f"o{root.target}", n=1000 + n, type=root_type(model, root)))
    return "\n".join("  " + line for line in lines)


def root_type(model, root):
    return model.classes[model.objects[root.target].type].name


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
    opening, closing = NAMESPACES[model.seed % len(NAMESPACES)]
    parts = [f"// Random heap {model.seed}, written by tests/generator.", *(f"#include <{name}>" for name in sorted(headers)),
             HELPERS, opening]
    parts += [f"struct {described.name};" for described in model.classes]
    parts += [class_text(model, index) for index in class_order(model)]
    parts.append(closing)
    parts += [root.kind.declaration.format(name=root.name, type=root_type(model, root)) for root in model.roots]
    run = "std::thread(build).join();" if model.in_thread else "build();"
    parts.append("[[gnu::noinline]] void build() {\n" + build_text(model) + "\n}\n\nint main(int, char** argv) {\n"
                 "  g_truth = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);\n  " + run + "\n  close(g_truth);\n}\n")
    return "\n".join(parts)
