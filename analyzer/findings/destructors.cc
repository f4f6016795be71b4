#include "analyzer/findings/destructors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/image/stack_places.h"

namespace reftally {
namespace {

constexpr size_t kObjectsLookedAt = 2000;  // of one instance, and what it holds: the others are alike
constexpr int kDepth = 4;                  // members of members
constexpr size_t kNamed = 4;

// Classes whose destructor releases more than memory. One row a class; the name without template arguments.
struct Resource {
  std::string_view name;
  const char* lost;
};
constexpr Resource kResources[] = {
    {"std::basic_ofstream", "is never closed, and what it has buffered is never written"},
    {"std::basic_fstream", "is never closed, and what it has buffered is never written"},
    {"std::basic_filebuf", "is never closed, and what it has buffered is never written"},
    {"std::basic_ifstream", "is never closed"},
    {"std::thread", "is never joined"},
    {"std::jthread", "is never asked to stop, nor joined"},
    {"std::unique_lock", "keeps its mutex locked"},
    {"std::lock_guard", "keeps its mutex locked"},
    {"std::scoped_lock", "keeps its mutexes locked"},
    {"std::shared_lock", "keeps its mutex locked"},
    {"std::promise", "never tells its future that it is broken"},
    {"std::stop_callback", "stays registered"},
    {"boost::asio::basic_stream_socket", "is never closed"},
    {"boost::asio::basic_datagram_socket", "is never closed"},
    {"boost::asio::basic_socket_acceptor", "goes on listening"},
    {"boost::asio::posix::basic_stream_descriptor", "is never closed"},
    {"boost::asio::basic_waitable_timer", "is never cancelled"},
    {"boost::asio::executor_work_guard", "keeps its context running"},
};

// C types behind a pointer; somebody has to call what closes them.
constexpr Resource kHandles[] = {
    {"_IO_FILE", "is never closed, and what it has buffered is never written"},
    {"__dirstream", "is never closed"},
    {"sqlite3", "is never closed"},
    {"ssl_st", "is never shut down"},
    {"addrinfo", "is never freed"},
};

template <size_t kRows>
const Resource* find_row(const Resource (&rows)[kRows], std::string_view name) {
  for (const Resource& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

// "std::basic_ofstream" of "std::basic_ofstream<char, std::char_traits<char> >", whatever inline namespace it is in.
std::string bare_name(const Type& type) {
  std::string name = type.scope + (type.scope.empty() ? "" : "::") + std::string(type.template_name());
  for (std::string_view inner : {"::__1::", "::__cxx11::"})
    if (const size_t at = name.find(inner); at != std::string::npos) name.replace(at, inner.size(), "::");
  return name;
}

bool names_a_descriptor(const TypeMember& member) {
  if (member.type->kind != Type::Kind::kBase || member.type->name != "int") return false;
  std::string_view name = member.name;
  for (std::string_view mark : {"m_", "_"})
    if (name.starts_with(mark)) name.remove_prefix(mark.size());
  while (name.ends_with('_')) name.remove_suffix(1);
  return name == "fd" || name.ends_with("_fd") || name == "socket" || name == "sock" || name == "descriptor" ||
         name.ends_with("_socket");
}

// What an object of `type` holds by value that its destructor would release: (member, what is lost).
using Losses = std::vector<std::pair<std::string, std::string>>;

void find_losses(const Type& type, const std::string& owner, int depth, Losses& losses) {
  for (const TypeMember& member : type.members) {
    if (member.type == nullptr) continue;
    const std::string path = member.is_base ? owner : owner + "::" + member.name;
    const std::string name = bare_name(*member.type);
    if (const Resource* row = find_row(kResources, name)) {
      losses.emplace_back(fmt::format("{} ({})", path, name), row->lost);
    } else if (type.has_user_destructor && names_a_descriptor(member)) {
      losses.emplace_back(path, "is never closed");
    } else if (type.has_user_destructor && member.type->kind == Type::Kind::kPointer && member.type->target) {
      if (const Resource* handle = find_row(kHandles, member.type->target->name))
        losses.emplace_back(fmt::format("{} ({}*)", path, handle->name), handle->lost);
    } else if (member.type->kind == Type::Kind::kClass && depth > 0) {
      const bool own = !member.type->scope.starts_with("std") && !member.is_base;
      find_losses(*member.type, own ? member.type->short_name : path, depth - 1, losses);
    }
  }
}

struct DestructorFacts {
  const Type* type = nullptr;  // when it is written by the program
  Losses losses;
};

class TypeFacts {
 public:
  TypeFacts(const Heap& heap, const DebugTypes& types) : heap_(heap), types_(types) {}

  const DestructorFacts& of(TypeId type) {
    auto [found, fresh] = facts_.try_emplace(type);
    if (!fresh) return found->second;
    const std::string name(heap_.text(heap_.types[index(type)].name));
    if (name.empty() || name.starts_with("block of ")) return found->second;
    const Type* known = types_.find(name);
    if (known == nullptr || known->scope.starts_with("std")) return found->second;
    if (!is_library(*known) && has_user_destructor(*known)) found->second.type = known;
    find_losses(*known, known->short_name, kDepth, found->second.losses);
    return found->second;
  }

 private:
  // enable_shared_from_this has a destructor of its own, which does nothing; and what else a library's would release is
  // a row of kResources.
  static bool is_library(const Type& type) { return type.scope.starts_with("std") || type.scope.starts_with("boost"); }

  static bool has_user_destructor(const Type& type) {
    if (type.has_user_destructor) return true;
    return std::any_of(type.members.begin(), type.members.end(), [](const TypeMember& member) {
      return member.is_base && member.type != nullptr && !is_library(*member.type) && has_user_destructor(*member.type);
    });
  }

  const Heap& heap_;
  const DebugTypes& types_;
  std::map<TypeId, DestructorFacts> facts_;
};

// An object of each type among an instance's objects and what they hold, in order of arrival.
std::vector<ObjectId> objects_lost_with(const Heap& heap, const std::vector<ObjectId>& instance) {
  std::vector<ObjectId> queue;
  std::set<uint32_t> seen;
  std::set<TypeId> told;
  std::vector<ObjectId> objects;
  auto arrive = [&](ObjectId object) {
    if (queue.size() >= kObjectsLookedAt || !seen.insert(index(object)).second) return;
    queue.push_back(object);
    if (told.insert(heap.type[index(object)]).second) objects.push_back(object);
  };
  for (ObjectId object : instance) arrive(object);
  for (size_t head = 0; head < queue.size(); head++) {
    const uint32_t from = index(queue[head]);
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (pays_for_count(heap.kind[row], heap.certainty[row]) && heap.strong_count[index(heap.referent[row])] <= 1)
        arrive(heap.referent[row]);
  }
  return objects;
}

std::string short_name_of(std::string_view name) {
  const size_t end = std::min(name.find('<'), name.size());
  const size_t colons = name.substr(0, end).rfind("::");
  return std::string(name.substr(colons == std::string_view::npos ? 0 : colons + 2,
                                 end - (colons == std::string_view::npos ? 0 : colons + 2)));
}

// For when the finding is mended: then the destructor runs.
std::string shared_this_warning(const std::string& destructor, const SourceFrame& call) {
  const std::string_view file = std::string_view(call.file).substr(call.file.rfind('/') + 1);
  return fmt::format(
      "{} comes to shared_from_this(), in {} {}:{}: once it runs, nobody owns the object, and that throws "
      "std::bad_weak_ptr",
      destructor, function_title(call.function), file, call.line);
}

// Instances of one template read alike.
template <typename T>
void add_once(std::vector<T>& list, T item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

void tell_losses(const Heap& heap, const Image& image, const DebugTypes& types, TypeFacts& facts, Finding& finding) {
  std::vector<std::string> destructors, warnings;
  Losses losses;
  for (ObjectId object : objects_lost_with(heap, finding.instances.front())) {
    const TypeId type = heap.type[index(object)];
    const DestructorFacts& known = facts.of(type);
    if (known.type) {
      const std::string destructor = fmt::format("~{}()", short_name_of(heap.text(heap.types[index(type)].name)));
      add_once(destructors, destructor);
      const uint64_t vtable = image.word(heap.address[index(object)]).value_or(0);
      if (const auto call = types.shared_this_at_end(*known.type, vtable))
        add_once(warnings, shared_this_warning(destructor, *call));
    }
    if (const StringId finalizer = heap.types[index(type)].finalizer; finalizer != StringId{})
      add_once(destructors, std::string(heap.text(finalizer)));
    for (const auto& loss : known.losses) add_once(losses, loss);
  }
  if (!destructors.empty()) {
    const size_t more = destructors.size() - std::min(destructors.size(), kNamed);
    destructors.resize(destructors.size() - more);
    finding.evidence.push_back(fmt::format(
        "{}{} never run{}, for all that {} written to do", fmt::join(destructors, ", "), more != 0 ? " and others" : "",
        destructors.size() + more == 1 ? "s" : "", destructors.size() + more == 1 ? "it was" : "they were"));
  }
  for (size_t i = 0; i < losses.size() && i < kNamed; i++)
    finding.evidence.push_back(fmt::format("{} {}", losses[i].first, losses[i].second));
  if (losses.size() > kNamed)
    finding.evidence.push_back(fmt::format("{} more member{} would release what is not memory", losses.size() - kNamed,
                                           losses.size() == kNamed + 1 ? "" : "s"));
  finding.evidence.insert(finding.evidence.end(), warnings.begin(), warnings.end());
}

bool loses_objects(std::string_view rule) {
  return rule == "unreachable-cycle" || rule == "unowned-cycle" || rule == "leaked-reference";
}

}  // namespace

void judge_by_destructors(const Heap& heap, const Image& image, const DebugTypes& types,
                          std::vector<Finding>& findings) {
  TypeFacts facts(heap, types);
  std::erase_if(findings, [&](const Finding& finding) {
    return std::string_view(finding.rule) == "deep-destruction" &&
           facts.of(heap.type[index(*finding.subject)]).type != nullptr;
  });
  for (Finding& finding : findings) {
    const ObjectId first = finding.instances.front().front();
    if (loses_objects(finding.rule) && heap.flavour[index(first)] != FlavourId::kPython)
      tell_losses(heap, image, types, facts, finding);
  }
}

}  // namespace reftally
