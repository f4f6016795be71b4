#include "analyzer/layouts/paths.h"

#include "analyzer/layouts/type_names.h"

namespace reftally {

bool is_library_scope(std::string_view scope) {
  for (std::string_view library : {"std", "__gnu_cxx", "boost"}) {
    if (scope == library || (scope.starts_with(library) && scope.substr(library.size()).starts_with("::"))) return true;
  }
  return false;
}

template <class Make>
PathId Paths::child(PathId path, const void* key, Make make) {
  auto [found, added] = children_.try_emplace(Key{path, key}, PathId{static_cast<uint32_t>(nodes_.size())});
  if (added) {
    Node node = make();
    node.is_of_callback |= is_of_callback(path);
    node.is_key |= is_key(path);
    nodes_.push_back(std::move(node));
  }
  return found->second;
}

const std::string& Paths::literal(std::string_view text) {
  const auto known = literals_.find(text);
  return known != literals_.end() ? *known : *literals_.emplace(text).first;
}

PathId Paths::variable(const Variable& variable) {
  return child(PathId{}, &literal(variable.name),
               [&] { return Node{.text = variable.name, .location = variable.location}; });
}

PathId Paths::member(PathId path, const Type& declaring, const TypeMember& member) {
  const Key key{path, &member};
  Recent& recent = recent_[HashKey()(key) >> 32 & (recent_.size() - 1)];
  if (recent.key != key || recent.declaring != &declaring)
    recent = {key, &declaring, find_member(path, declaring, member)};
  return recent.child;
}

// A closure is told wherever it is: in a std::function, or as a member of a class that a template made for it.
PathId Paths::inside_closure(PathId path, const Type& type) {
  const std::string step = "." + readable_type_name(type.name);
  return nodes_[static_cast<uint32_t>(path)].text == step ? path : closure(path, type);
}

PathId Paths::find_member(PathId path, const Type& declaring, const TypeMember& member) {
  if (declaring.scope == "boost::_bi" && declaring.template_name() == "bind_t" && path != PathId{})
    return is_of_callback(path) ? path : bound(path);
  // Boost's have no mark of their own; inside a value they say nothing to whoever reads the program.
  const bool of_boost = declaring.scope.starts_with("boost"), inside_boost = of_boost && path != PathId{};
  // `c` is the container inside std::stack, queue and priority_queue.
  const bool of_standard = is_library_scope(declaring.scope) && !of_boost;
  const bool hidden = member.name.empty() || (of_standard && (member.name.starts_with('_') || member.name == "c"));
  if (member.is_base || hidden || inside_boost) return path;
  std::string name = member.name;
  if (declaring.is_closure && name.starts_with("__")) name.erase(0, 2);  // g++ names the capture of self __self
  if (declaring.is_closure && path != PathId{}) path = inside_closure(path, declaring);
  const bool first = path == PathId{}, is_of_callback = declaring.is_closure && name == "this";
  return child(path, &member, [&] {
    return Node{path,
                first ? name : "." + name,
                first ? &declaring : nullptr,
                nullptr,
                is_library_scope(declaring.scope) ? SourceLocation{} : member.location,
                is_of_callback};
  });
}

PathId Paths::element(PathId path, const Type* type) {
  if (type && !is_library_scope(type->scope)) {
    for (PathId at = path; at != PathId{}; at = nodes_[static_cast<uint32_t>(at)].parent) {
      if (nodes_[static_cast<uint32_t>(at)].element == type) return at;
    }
  }
  static const char kElement = 0;
  const void* key = type ? static_cast<const void*>(type) : &kElement;
  return child(path, key, [&] { return Node{.parent = path, .text = "[]", .element = type}; });
}

PathId Paths::step(PathId path, std::string_view text) {
  const std::string& step = literal(text);
  return child(path, &step, [&] { return Node{.parent = path, .text = step}; });
}

PathId Paths::closure(PathId path, const Type& type) {
  const std::string name = readable_type_name(type.name);
  return step(path, path == PathId{} ? name : "." + name);
}

PathId Paths::bound(PathId path) {
  static const char kBound = 0;
  return child(path, &kBound, [&] { return Node{.parent = path, .text = ".bind", .is_of_callback = true}; });
}

PathId Paths::key(PathId path) {
  static const char kKey = 0;
  return child(path, &kKey, [&] { return Node{.parent = path, .text = "[key]", .is_key = true}; });
}

PathId Paths::container(PathId path) const {
  PathId outermost = path;
  for (PathId at = path; at != PathId{};) {
    const Node& node = nodes_[static_cast<uint32_t>(at)];
    at = node.parent;
    if (node.text == "[]" || node.text == "[key]") outermost = at;
  }
  return outermost;
}

namespace {

// A member of an anonymous union or struct is one of the class around it.
std::string class_of_member(const Type& declaring) {
  constexpr std::string_view kUnnamed = "::(unnamed)";
  std::string_view name = declaring.name;
  while (name.ends_with(kUnnamed)) name.remove_suffix(kUnnamed.size());
  return readable_type_name(name);
}

}  // namespace

PathText Paths::text(PathId path) const {
  PathText result;
  std::vector<const Node*> nodes;
  for (PathId at = path; at != PathId{}; at = nodes.back()->parent) nodes.push_back(&nodes_[static_cast<uint32_t>(at)]);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    result.path += (*node)->text;
    if ((*node)->owner) result.owner = class_of_member(*(*node)->owner);
    if ((*node)->location.line) result.location = (*node)->location;
  }
  return result;
}

}  // namespace reftally
