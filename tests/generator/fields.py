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
    strong("function", "std::function<long()> {name};", "{field} = [p = {object}] {{ return p.use_count(); }};",
           headers=("functional",)),
    strong("function_large", "std::function<long()> {name};",
           "{field} = [a = std::array<int, 12>{{}}, p = {object}] {{ return p.use_count() + a[5]; }};",
           headers=("functional", "array")),
    strong("function_bound", "std::function<long()> {name};", "{field} = std::bind(&std::shared_ptr<{type}>::use_count, std::shared_ptr<{type}>({object}));",
           headers=("functional",)),
    strong("atomic", "std::atomic<" + POINTER + "> {name};", "{field} = {object};", headers=("atomic",)),
    strong("aliasing", "std::shared_ptr<int> {name};", "{field} = std::shared_ptr<int>({object}, &{object}->value);"),
    strong("future_value", "std::shared_future<" + POINTER + "> {name};",
           "{{ std::promise<" + POINTER + "> promise; {field} = promise.get_future().share(); "
           "promise.set_value({object}); }}", headers=("future",)),
    weak("weak_ptr", WEAK + " {name};", "{field} = {object};"),
    weak("vector_of_weak", "std::vector<" + WEAK + "> {name};", "{field}.push_back({object});", 4, ("vector",)),
    weak("list_of_weak", "std::list<" + WEAK + "> {name};", "{field}.push_back({object});", 4, ("list",)),
    weak("map_of_weak", "std::map<int, " + WEAK + "> {name};", "{field}[{n}] = {object};", 4, ("map",)),
    weak("optional_weak", "std::optional<" + WEAK + "> {name};", "{field} = {object};", headers=("optional",)),
    weak("function_of_weak", "std::function<long()> {name};",
         "{field} = [p = " + WEAK + "({object})] {{ return p.use_count(); }};", headers=("functional",)),
    raw("pointer", "{type}* {name} = nullptr;", "{field} = {object}.get();"),
    raw("vector_of_pointers", "std::vector<{type}*> {name};", "{field}.push_back({object}.get());", 4, ("vector",)),
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


ROOT_KINDS = [
    RootKind("static", "strong", True, POINTER + " {name};", "{name} = {object};"),
    RootKind("static_vector", "strong", True, "std::vector<" + POINTER + "> {name};", "{name}.push_back({object});",
             ("memory", "vector")),
    RootKind("static_map", "strong", True, "std::map<int, " + POINTER + "> {name};", "{name}[{n}] = {object};",
             ("memory", "map")),
    RootKind("static_function", "strong", True, "std::function<long()> {name};",
             "{name} = [p = {object}] {{ return p.use_count(); }};", ("memory", "functional")),
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
             "std::thread([p = {object}]() mutable {{ const auto mine = std::move(p); wait_for_stop(); }}).detach(); "
             "wait_until_waiting();", ("memory", "thread")),
    RootKind("thread_capture", "strong", False, "",
             "std::thread([p = {object}] {{ wait_for_stop(); }}).detach(); wait_until_waiting();", ("memory", "thread")),
    RootKind("static_weak", "weak", True, WEAK + " {name};", "{name} = {object};"),
    RootKind("static_pointer", "raw", True, "{type}* {name};", "{name} = {object}.get();"),
    RootKind("static_pointers", "raw", True, "std::vector<{type}*> {name};", "{name}.push_back({object}.get());",
             ("vector",)),
]

# How an object is made. {name} is the variable, {type} its class.
BIRTHS = [
    "auto {name} = std::make_shared<{type}>();",
    "std::shared_ptr<{type}> {name}(new {type});",
    "std::shared_ptr<{type}> {name} = std::make_unique<{type}>();",
    "auto {name} = std::allocate_shared<{type}>(std::allocator<{type}>());",
    "std::shared_ptr<{type}> {name}(new {type}, [](const {type}* object) {{ delete object; }});",
]
