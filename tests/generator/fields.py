"""The kinds of members, and of roots, that a generated program may have: one row each.

A row says how a member is declared and what statement makes it hold one more object. In the texts, {type} is the
referent's class, {field} the member as an expression, {object} the variable of the referent and {n} a number that is
new in the program."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class FieldKind:
    name: str
    strength: str  # strong, weak, raw
    declaration: str
    hold: str
    capacity: int = 1
    headers: tuple = ("memory",)


def strong(name, declaration, hold, capacity=1, headers=()):
    return FieldKind(name, "strong", declaration, hold, capacity, ("memory", *headers))


def weak(name, declaration, hold, capacity=1, headers=()):
    return FieldKind(name, "weak", declaration, hold, capacity, ("memory", *headers))


def raw(name, declaration, hold, capacity=1, headers=()):
    return FieldKind(name, "raw", declaration, hold, capacity, headers)


POINTER = "std::shared_ptr<{type}>"
WEAK = "std::weak_ptr<{type}>"
LONG_KEY = '"a key that is longer than a short string, " + std::to_string({n})'

FIELD_KINDS = [
    strong("shared_ptr", POINTER + " {name};", "{field} = {object};"),
    strong("const_shared_ptr", "std::shared_ptr<const {type}> {name};", "{field} = {object};"),
    strong("shared_ptr_void", "std::shared_ptr<void> {name};", "{field} = {object};"),
    strong("c_array", POINTER + " {name}[4];", "{field}[{n} % 4] = {object};"),
    strong("array", "std::array<" + POINTER + ", 3> {name};", "{field}[{n} % 3] = {object};", headers=("array",)),
    strong("vector", "std::vector<" + POINTER + "> {name};", "{field}.push_back({object});", 4, ("vector",)),
    strong("vector_with_slack", "std::vector<" + POINTER + "> {name};",
           "{field}.reserve(16); {field}.push_back({object}); {field}.push_back({object}); {field}.pop_back();", 3,
           ("vector",)),
    strong("vector_of_vectors", "std::vector<std::vector<" + POINTER + ">> {name};",
           "{field}.emplace_back(); {field}.emplace_back().push_back({object});", 3, ("vector",)),
    strong("deque", "std::deque<" + POINTER + "> {name};", "{field}.push_front({object});", 4, ("deque",)),
    strong("list", "std::list<" + POINTER + "> {name};", "{field}.push_back({object});", 4, ("list",)),
    strong("forward_list", "std::forward_list<" + POINTER + "> {name};", "{field}.push_front({object});", 4,
           ("forward_list",)),
    strong("map", "std::map<int, " + POINTER + "> {name};", "{field}[{n}] = {object};", 4, ("map",)),
    strong("map_by_string", "std::map<std::string, " + POINTER + "> {name};", "{field}[" + LONG_KEY + "] = {object};", 4,
           ("map", "string")),
    strong("set", "std::set<" + POINTER + "> {name};", "{field}.insert({object});", 4, ("set",)),
    strong("unordered_map", "std::unordered_map<std::string, " + POINTER + "> {name};",
           "{field}[std::to_string({n})] = {object};", 4, ("unordered_map", "string")),
    strong("unordered_map_by_int", "std::unordered_map<int, " + POINTER + "> {name};", "{field}[{n}] = {object};", 4,
           ("unordered_map",)),
    strong("unordered_set", "std::unordered_set<" + POINTER + "> {name};", "{field}.insert({object});", 4,
           ("unordered_set",)),
    strong("optional", "std::optional<" + POINTER + "> {name};", "{field} = {object};", headers=("optional",)),
    strong("variant", "std::variant<int, std::string, " + POINTER + "> {name};", "{field} = {object};",
           headers=("variant", "string")),
    strong("any", "std::any {name};", "{field} = {object};", headers=("any",)),
    strong("tuple", "std::tuple<char, " + POINTER + ", int> {name};", "std::get<1>({field}) = {object};",
           headers=("tuple",)),
    strong("pair", "std::pair<int, " + POINTER + "> {name};", "{field}.second = {object};", headers=("utility",)),
    strong("inner_struct", "struct Inner{name} {{ int before = 1; " + POINTER + " held; }} {name};",
           "{field}.held = {object};"),
    strong("pimpl", "struct Impl{name} {{ int before = 1; " + POINTER + " held; }}; std::unique_ptr<Impl{name}> {name};",
           "{field} = std::make_unique<std::remove_reference_t<decltype(*{field})>>(); {field}->held = {object};",
           headers=("type_traits",)),
    strong("unique_ptr", "std::unique_ptr<" + POINTER + "> {name};",
           "{field} = std::make_unique<" + POINTER + ">({object});"),
    strong("function", "std::function<long()> {name};", "{field} = [p = {object}] {{ return count_of(p); }};",
           headers=("functional",)),
    strong("function_large", "std::function<long()> {name};",
           "{field} = [a = std::array<int, 12>{{}}, p = {object}] {{ return count_of(p) + a[5]; }};",
           headers=("functional", "array")),
    strong("function_bound", "std::function<long()> {name};", "{field} = std::bind(&std::shared_ptr<{type}>::use_count, std::shared_ptr<{type}>({object}));",
           headers=("functional",)),
    strong("atomic", "std::atomic<" + POINTER + "> {name};", "{field} = {object};", headers=("atomic",)),
    strong("aliasing", "std::shared_ptr<int> {name};", "{field} = std::shared_ptr<int>({object}, &{object}->value);"),
    strong("future_value", "std::shared_future<" + POINTER + "> {name};",
           "{{ std::promise<" + POINTER + "> promise; {field} = promise.get_future().share(); "
           "promise.set_value({object}); }}", headers=("future",)),
    strong("promise", "std::promise<" + POINTER + "> {name};", "{field}.set_value({object});", headers=("future",)),
    strong("packaged_task", "std::packaged_task<long()> {name};",
           "{field} = std::packaged_task<long()>([p = {object}] {{ return count_of(p); }});", headers=("future",)),
    strong("multiset", "std::multiset<" + POINTER + "> {name};", "{field}.insert({object});", 4, ("set",)),
    strong("multimap", "std::multimap<char, " + POINTER + "> {name};", "{field}.emplace('a', {object});", 4, ("map",)),
    strong("unordered_multimap", "std::unordered_multimap<int, " + POINTER + "> {name};",
           "{field}.emplace({n} % 2, {object});", 4, ("unordered_map",)),
    strong("map_key", "std::map<" + POINTER + ", int> {name};", "{field}[{object}] = {n};", 4, ("map",)),
    strong("map_of_vectors", "std::map<int, std::vector<" + POINTER + ">> {name};",
           "{field}[{n} % 2].push_back({object});", 4, ("map", "vector")),
    strong("unordered_map_of_lists", "std::unordered_map<std::string, std::list<" + POINTER + ">> {name};",
           "{field}[" + LONG_KEY + "].push_back({object});", 4, ("unordered_map", "list", "string")),
    strong("vector_of_pairs", "std::vector<std::pair<" + POINTER + ", int>> {name};",
           "{field}.emplace_back({object}, {n});", 4, ("vector", "utility")),
    strong("vector_of_functions", "std::vector<std::function<long()>> {name};",
           "{field}.push_back([p = {object}] {{ return count_of(p); }});", 3, ("vector", "functional")),
    strong("priority_queue", "std::priority_queue<" + POINTER + "> {name};", "{field}.push({object});", 4, ("queue",)),
    strong("queue", "std::queue<" + POINTER + "> {name};", "{field}.push({object});", 4, ("queue",)),
    strong("stack_of_vector", "std::stack<" + POINTER + ", std::vector<" + POINTER + ">> {name};",
           "{field}.push({object});", 4, ("stack", "vector")),
    strong("long_deque", "std::deque<" + POINTER + "> {name};",
           "for (int i = 0; i < 100; ++i) {field}.emplace_back(); {field}.push_back({object});", 2, ("deque",)),
    strong("pmr_vector", "std::pmr::vector<" + POINTER + "> {name};", "{field}.push_back({object});", 4,
           ("vector", "memory_resource")),
    strong("pmr_map", "std::pmr::map<int, " + POINTER + "> {name};", "{field}[{n}] = {object};", 4,
           ("map", "memory_resource")),
    strong("unique_array", "std::unique_ptr<" + POINTER + "[]> {name};",
           "{field} = std::make_unique<" + POINTER + "[]>(5); {field}[{n} % 5] = {object};"),
    strong("shared_array", "std::shared_ptr<" + POINTER + "[]> {name};",
           "{field} = std::make_shared<" + POINTER + "[]>(5); {field}[{n} % 5] = {object};"),
    strong("shared_vector", "std::shared_ptr<std::vector<" + POINTER + ">> {name};",
           "{field} = std::make_shared<std::vector<" + POINTER + ">>(2, {object}); {field}->pop_back();",
           headers=("vector",)),
    strong("bind_front", "std::function<long()> {name};",
           "{field} = std::bind_front(&std::shared_ptr<{type}>::use_count, std::shared_ptr<{type}>({object}));", headers=("functional",)),
    strong("tuple_with_empty", "std::tuple<std::less<>, " + POINTER + "> {name};", "std::get<1>({field}) = {object};",
           headers=("tuple", "functional")),
    strong("any_large", "std::any {name};",
           "{field} = std::pair<std::array<int, 9>, " + POINTER + ">({{}}, {object});", headers=("any", "array", "utility")),
    strong("variant_of_containers", "std::variant<std::monostate, std::vector<" + POINTER + ">, " + POINTER + "> {name};",
           "{field} = std::vector<" + POINTER + ">{{{object}}};", headers=("variant", "vector")),
    strong("optional_struct", "struct Maybe{name} {{ char before; " + POINTER + " held; }}; std::optional<Maybe{name}> {name};",
           "{field}.emplace(); {field}->held = {object};", headers=("optional",)),
    weak("set_of_weak", "std::set<" + WEAK + ", std::owner_less<>> {name};", "{field}.insert({object});", 4, ("set",)),
    weak("pair_of_weak", "std::pair<int, " + WEAK + "> {name};", "{field}.second = {object};", headers=("utility",)),
    weak("variant_of_weak", "std::variant<int, " + WEAK + "> {name};", "{field} = " + WEAK + "({object});",
         headers=("variant",)),
    weak("any_of_weak", "std::any {name};", "{field} = " + WEAK + "({object});", headers=("any",)),
    weak("atomic_weak", "std::atomic<" + WEAK + "> {name};", "{field} = {object};", headers=("atomic",)),
    weak("deque_of_weak", "std::deque<" + WEAK + "> {name};", "{field}.push_back({object});", 4, ("deque",)),
    weak("weak_ptr", WEAK + " {name};", "{field} = {object};"),
    weak("vector_of_weak", "std::vector<" + WEAK + "> {name};", "{field}.push_back({object});", 4, ("vector",)),
    weak("list_of_weak", "std::list<" + WEAK + "> {name};", "{field}.push_back({object});", 4, ("list",)),
    weak("map_of_weak", "std::map<int, " + WEAK + "> {name};", "{field}[{n}] = {object};", 4, ("map",)),
    weak("optional_weak", "std::optional<" + WEAK + "> {name};", "{field} = {object};", headers=("optional",)),
    weak("function_of_weak", "std::function<long()> {name};",
         "{field} = [p = " + WEAK + "({object})] {{ return count_of(p); }};", headers=("functional",)),
    raw("pointer", "{type}* {name} = nullptr;", "{field} = {object}.get();"),
    raw("vector_of_pointers", "std::vector<{type}*> {name};", "{field}.push_back({object}.get());", 4, ("vector",)),
    raw("set_of_pointers", "std::set<const {type}*> {name};", "{field}.insert({object}.get());", 4, ("set",)),
    raw("function_of_pointer", "std::function<int()> {name};", "{field} = [p = {object}.get()] {{ return p->value; }};",
        headers=("functional",)),
    raw("map_of_pointers", "std::map<int, {type}*> {name};", "{field}[{n}] = {object}.get();", 4, ("map",)),
]


@dataclasses.dataclass(frozen=True)
class RootKind:
    name: str
    strength: str
    exact: bool  # a typed static: pays for its unit of the count
    declaration: str  # at namespace scope
    hold: str
    headers: tuple = ("memory",)


# What the program's own smart pointer can do as std::shared_ptr does: these texts name POINTER and nothing else of it.
def is_any_pointer(kind):
    return kind.strength == "raw" or (kind.strength == "strong" and POINTER in kind.declaration + kind.hold
                                      and kind.name not in ("atomic", "static_atomic", "function_bound", "bind_front",
                                                            "unordered_set"))


ROOT_KINDS = [
    RootKind("static", "strong", True, POINTER + " {name};", "{name} = {object};"),
    RootKind("static_vector", "strong", True, "std::vector<" + POINTER + "> {name};", "{name}.push_back({object});",
             ("memory", "vector")),
    RootKind("static_map", "strong", True, "std::map<int, " + POINTER + "> {name};", "{name}[{n}] = {object};",
             ("memory", "map")),
    RootKind("static_function", "strong", True, "std::function<long()> {name};",
             "{name} = [p = {object}] {{ return count_of(p); }};", ("memory", "functional")),
    RootKind("static_atomic", "strong", True, "std::atomic<" + POINTER + "> {name};", "{name} = {object};",
             ("memory", "atomic")),
    RootKind("in_function", "strong", True, "void {name}(const " + POINTER + "& object) {{ static " + POINTER
             + " kept; kept = object; }}", "{name}({object});"),
    RootKind("never_destroyed", "strong", False, "std::vector<" + POINTER + ">* {name} = new std::vector<" + POINTER
             + ">;", "{name}->push_back({object});", ("memory", "vector")),
    RootKind("thread_local", "strong", False, "thread_local " + POINTER + " {name};", "{name} = {object};"),
    RootKind("malloc", "strong", False, "void* {name};",
             "{name} = std::malloc(64); new ({name}) " + POINTER + "({object});", ("memory", "cstdlib", "new")),
    RootKind("mapped", "strong", False, "void* {name};",
             "{name} = map_page(); new (static_cast<char*>({name}) + 256) " + POINTER + "({object}); {name} = nullptr;",
             ("memory", "new")),
    RootKind("tagged", "strong", False, "uintptr_t {name};",
             "{name} = reinterpret_cast<uintptr_t>(new " + POINTER + "({object})) | 1;", ("memory", "cstdint")),
    RootKind("thread_stack", "strong", False, "",
             "std::thread([p = " + POINTER + "({object})]() mutable {{ const auto mine = std::move(p); wait_for_stop(); }}).detach(); "
             "wait_until_waiting();", ("memory", "thread")),
    RootKind("thread_capture", "strong", False, "",
             "std::thread([p = " + POINTER + "({object})] {{ wait_for_stop(); }}).detach(); wait_until_waiting();", ("memory", "thread")),
    RootKind("static_weak", "weak", True, WEAK + " {name};", "{name} = {object};"),
    # used: g++ drops one that nobody reads when its class is in an unnamed namespace
    RootKind("static_pointer", "raw", True, "[[gnu::used]] {type}* {name};", "{name} = {object}.get();"),
    RootKind("static_pointers", "raw", True, "std::vector<{type}*> {name};", "{name}.push_back({object}.get());",
             ("vector",)),
]


@dataclasses.dataclass(frozen=True)
class Birth:
    statement: str  # {name} is the variable, {type} the object's class, {n} a number that is new in the program
    tells_this: bool = True  # sets what enable_shared_from_this keeps
    is_apart: bool = False   # a deleter of the program's: the value is an object of its own, and may be seen alone
    headers: tuple = ("memory",)


BIRTHS = [
    Birth("auto {name} = std::make_shared<{type}>();"),
    Birth("std::shared_ptr<{type}> {name}(new {type});"),
    Birth("std::shared_ptr<{type}> {name} = std::make_unique<{type}>();"),
    Birth("auto {name} = std::allocate_shared<{type}>(std::allocator<{type}>());"),
    Birth("std::shared_ptr<{type}> {name}(new {type}, [](const {type}* object) {{ delete object; }});",
          is_apart=True),
    Birth("std::shared_ptr<{type}> {name}(new {type}, [n = {n}](const {type}* object) {{ if (n) delete object; }}, "
          "std::allocator<int>());", is_apart=True),
    Birth("auto {name} = std::allocate_shared<{type}>(std::pmr::polymorphic_allocator<{type}>(&pool()));",
          headers=("memory", "memory_resource")),
    Birth("std::shared_ptr<{type}> {name}; {{ std::shared_ptr<{type}[]> row(new {type}[3]); {name} = {{row, &row[1]}}; }}",
          tells_this=False),
]

COUNTED_INSIDE_BIRTH = Birth("std::shared_ptr<{type}> {name}(new {type});")
