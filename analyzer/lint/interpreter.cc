#include "analyzer/lint/interpreter.h"

#include <algorithm>

namespace reftally::lint {
namespace {

constexpr uint32_t kDeepestMember = 3;  // a->b->c->d is followed no further

bool is_many(const FieldFact& field) {
  return std::any_of(field.edges.begin(), field.edges.end(), [](const FieldEdge& edge) { return edge.many; });
}

}  // namespace

uint32_t Interpreter::object(const Object& wanted) {
  auto [slot, is_new] = ids_.try_emplace(wanted, static_cast<uint32_t>(graph_.objects.size()));
  if (is_new) graph_.objects.push_back(wanted);
  return slot->second;
}

uint32_t Interpreter::depth(uint32_t id) const {
  uint32_t result = 0;
  for (; graph_.objects[id].kind == ObjectKind::kMember; id = graph_.objects[id].parent) ++result;
  return result;
}

uint32_t Interpreter::site(const StoreSite& wanted) {
  auto [slot, is_new] = site_ids_.try_emplace(wanted, static_cast<uint32_t>(graph_.sites.size()));
  if (is_new) graph_.sites.push_back(wanted);
  return slot->second;
}

void Interpreter::add_edge(uint32_t from, const Key& field, uint32_t to, uint32_t store) {
  if (known_edges_.insert({from, field, to}).second) graph_.edges.push_back({from, to, field, store});
}

// What a plain member of one object held before, it holds no more.
void Interpreter::overwrite(const Value& bases, const Key& field, const Value& by) {
  const FieldRef known = program_.field(field);
  if (!known || is_many(*known.field)) return;
  graph_.overwritten.insert(field);
  ++stored_[field];
  if (bases.size() != 1 || bases.front().closure) return;
  const uint32_t base = bases.front().object;
  overwritten_.insert({base, field});
  for (ObjectEdge& edge : graph_.edges) {
    if (edge.from != base || edge.site != 0 || edge.field != field || edge.until != ObjectEdge::kForever) continue;
    const bool is_again =
        std::any_of(by.begin(), by.end(), [&](const Atom& atom) { return atom.object == edge.to && !atom.closure; });
    if (is_again) continue;
    edge.until = static_cast<uint32_t>(graph_.edges.size());
    known_edges_.erase({base, field, edge.to});
  }
}

void Interpreter::add(Value& value, const Value& more) {
  value.insert(value.end(), more.begin(), more.end());
  std::sort(value.begin(), value.end());
  value.erase(std::unique(value.begin(), value.end()), value.end());
}

const Value& Interpreter::arg(const Step& step, size_t i) const {
  static const Value nothing;
  return i < step.args.size() && step.args[i] != kNone ? values_[step.args[i]] : nothing;
}

Value Interpreter::load(const Value& bases, const Key& field, uint32_t step) {
  Value result;
  const FieldRef known = program_.field(field);
  const bool many = known && is_many(*known.field);
  const bool held = known && std::any_of(known.field->edges.begin(), known.field->edges.end(),
                                         [](const FieldEdge& edge) { return edge.hold <= Hold::kStrong; });
  for (const Atom& base : bases) {
    if (graph_.objects[base.object].kind == ObjectKind::kNull || base.closure) continue;
    auto stored = members_.find({base.object, field});
    if (stored != members_.end()) add(result, stored->second);
    if (depth(base.object) >= kDeepestMember || graph_.objects.size() > kMostObjects) continue;
    const auto times = stored_.find(field);
    const uint32_t which = many ? step : times == stored_.end() ? 0 : times->second;
    const uint32_t content = object({ObjectKind::kMember, which, base.object, 0, field});
    if (held && !overwritten_.contains({base.object, field})) add_edge(base.object, field, content, 0);
    add(result, {{content, 0}});
  }
  return result;
}

Value Interpreter::load_later(const Value& bases, const Key& field, uint32_t step) {
  constexpr uint32_t kLater = 1u << 31;  // no number of stores
  Value result;
  for (const Atom& base : bases) {
    if (graph_.objects[base.object].kind == ObjectKind::kNull || base.closure) continue;
    if (depth(base.object) >= kDeepestMember || graph_.objects.size() > kMostObjects) continue;
    add(result, {{object({ObjectKind::kMember, step | kLater, base.object, 0, field}), 0}});
  }
  return result;
}

// What a container was given here is known; of one that came from outside, and of objects that a loop made, each read
// is another element.
Value Interpreter::element(const Value& containers, const Key& index, uint32_t step, bool of_callee) {
  Value result;
  for (const Atom& container : containers) {
    const Object from = graph_.objects[container.object];
    const bool is_outside = from.kind == ObjectKind::kParam || from.kind == ObjectKind::kResult;
    const bool is_repeated = repeated_.contains(container.object) || (of_callee && from.kind == ObjectKind::kNew);
    if (graph_.objects.size() > kMostObjects || !(is_outside || is_repeated))
      add(result, {container});
    else if (is_outside)
      add(result, {{object({ObjectKind::kMember, step, container.object, 0, kElementKey}), 0}});
    else
      add(result, {{element_of(container.object, index, step), container.closure}});
  }
  return result;
}

// One of those that a loop made: it was stored in what holds many, and has in it, what they all have.
uint32_t Interpreter::element_of(uint32_t repeated, const Key& index, uint32_t step) {
  constexpr uint32_t kWritten = 1u << 30;  // no number of a step
  uint32_t which = step;
  if (!index.empty())
    which = kWritten | indices_.try_emplace(index, static_cast<uint32_t>(indices_.size())).first->second;
  const size_t before = graph_.objects.size();
  const uint32_t result = object({ObjectKind::kMember, which, repeated, 0, kElementKey});
  if (graph_.objects.size() == before) return result;
  for (size_t i = 0, count = graph_.edges.size(); i < count; ++i) {
    const ObjectEdge edge = graph_.edges[i];
    if (edge.site == 0 || edge.from == edge.to) continue;
    const FieldRef field = program_.field(edge.field);
    if (edge.from == repeated) {
      add_edge(result, edge.field, edge.to, edge.site);
      add(members_[{result, edge.field}], {{edge.to, 0}});
    } else if (edge.to == repeated && field && is_many(*field.field)) {
      add_edge(edge.from, edge.field, result, edge.site);
    }
  }
  return result;
}

// What a local keeps from one round of a loop to the next may be what an earlier round made.
Value Interpreter::one_of_those(const Value& made, uint32_t local) {
  Value result;
  for (const Atom& atom : made) {
    const bool is_repeated = repeated_.contains(atom.object) && graph_.objects.size() <= kMostObjects;
    const Key name = "local " + std::to_string(local);
    add(result, {{is_repeated ? element_of(atom.object, name, 0) : atom.object, atom.closure}});
  }
  return result;
}

Value Interpreter::closure(const Step& step) {
  Value result;
  size_t start = 0;
  for (size_t i = 0; i < step.args.size(); ++i) {
    const size_t end = std::min(step.text.find(',', start), step.text.size());
    StoreSite capture;
    capture.location = capture.closure = place(step);
    capture.capture = step.text.substr(start, end - start);
    capture.is_bind = step.flag;
    start = std::min(end + 1, step.text.size());
    const uint32_t row = site(capture);
    for (const Atom& atom : arg(step, i))
      if (graph_.objects[atom.object].kind !=
          ObjectKind::kNull)  // of nested closures the inner one names the reference
        add(result, {{atom.object, atom.closure ? atom.closure : row}});
  }
  return result;
}

bool Interpreter::is_only_null(const Value& value) const {
  return value.size() == 1 && graph_.objects[value.front().object].kind == ObjectKind::kNull;
}

// A member of an object that is being made is null to begin with.
bool Interpreter::gives_up(const Value& bases) const {
  if (!graph_.function->is_constructor) return true;
  return std::none_of(bases.begin(), bases.end(),
                      [&](const Atom& base) { return graph_.objects[base.object].kind == ObjectKind::kThis; });
}

void Interpreter::note_emptied(const Key& field, const Step& step, const std::string& how, bool escapes) {
  all_.emptied_.push_back({field, place(step), how, graph_.function, escapes});
}

// The class of an object, empty when unknown or one of several.
Key Interpreter::class_of(uint32_t id) const {
  const Object& known = graph_.objects[id];
  if (known.kind != ObjectKind::kMember) return known.id;
  if (known.id == kElementKey && graph_.objects[known.parent].kind == ObjectKind::kNew) return class_of(known.parent);
  const FieldRef field = program_.field(known.id);
  if (!field || field.field->edges.empty()) return {};
  const Key& first = field.field->edges.front().target;
  for (const FieldEdge& edge : field.field->edges)
    if (edge.target != first) return {};
  return first;
}

// Is it of a class that has this member, as far as is known? Of what a virtual call may return, most is not.
bool Interpreter::has_member(uint32_t id, const Key& field) const {
  const Key owner = class_of(id);
  const FieldRef known = program_.field(field);
  return owner.empty() || !known || program_.may_be_same_object(owner, known.record->key);
}

// May this member own this object? A list<pair<shared_ptr<Context>, Logger*>> owns no Logger.
bool Interpreter::may_own(const Key& field, const Atom& atom) const {
  if (field == "*") return true;
  const FieldRef known = program_.field(field);
  if (!known) return false;
  const Key stored = atom.closure ? Key() : class_of(atom.object);
  for (const FieldEdge& edge : known.field->edges) {
    if (edge.hold == Hold::kOpaque || edge.hold == Hold::kCallable) return true;
    if (atom.closure || edge.hold > Hold::kStrong) continue;
    if (stored.empty() || program_.may_be_same_object(stored, edge.target)) return true;
  }
  return false;
}

void Interpreter::store(const Value& bases, const Key& field, const Value& what, const Step& step) {
  StoreSite here;
  here.location = place(step);
  here.function = graph_.function->name;
  if (is_only_null(what) && gives_up(bases)) note_emptied(field, step, "set to null", false);
  overwrite(bases, field, what);
  for (const Atom& atom : what) {
    if (graph_.objects[atom.object].kind == ObjectKind::kNull) continue;
    if (!may_own(field, atom)) continue;
    StoreSite from = here;
    if (atom.closure) from.adopt_capture(graph_.sites[atom.closure]);
    const uint32_t row = site(from);
    for (const Atom& base : bases) {
      if (graph_.objects[base.object].kind == ObjectKind::kNull || base.closure) continue;
      add_edge(base.object, field, atom.object, row);
      add(members_[{base.object, field}], {atom});
    }
  }
}

void Interpreter::execute(uint32_t index, const Step& step) {
  Value& result = values_[index];
  switch (step.kind) {
    case StepKind::kThis:
      result = {{object({ObjectKind::kThis, 0, 0, 0, graph_.function->owner}), 0}};
      break;
    case StepKind::kParam:
      result = {{object({ObjectKind::kParam, step.index, 0, 0, step.text}), 0}};
      break;
    case StepKind::kLocal:
      result = locals_[step.index];
      break;
    case StepKind::kLoad:
      result = load(arg(step, 0), step.id, index);
      break;
    case StepKind::kElement:
      result = element(arg(step, 0), step.text, index);
      break;
    case StepKind::kNull:
      result = {{object({}), 0}};
      break;
    case StepKind::kUnion:
      for (size_t i = 0; i < step.args.size(); ++i) add(result, arg(step, i));
      break;
    case StepKind::kClosure:
      result = closure(step);
      break;
    case StepKind::kNew: {
      result = {{object({ObjectKind::kNew, index, 0, 0, step.id}), 0}};
      if (step.flag) repeated_.insert(result.front().object);
      std::vector<Value> arguments;
      for (size_t i = 0; i < step.args.size(); ++i) arguments.push_back(arg(step, i));
      Value ignored;
      if (!step.text.empty()) call(step.text, false, Value(result), arguments, step, index, ignored);
      break;
    }
    case StepKind::kCall: {
      std::vector<Value> arguments;
      for (size_t i = 1; i < step.args.size(); ++i) arguments.push_back(arg(step, i));
      Value returned;
      call(step.id, step.flag, Value(arg(step, 0)), arguments, step, index, returned);
      if (returned.empty() && (step.index & kResultIsObject))
        returned = {{object({ObjectKind::kResult, index, 0, 0, step.text}), 0}};
      values_[index] = std::move(returned);
      break;
    }
    case StepKind::kSet: {
      Value what = arg(step, 1);
      if (step.index == 1) what = one_of_those(what, step.args[0]);
      if (step.flag) add(what, locals_[step.args[0]]);
      locals_[step.args[0]] = std::move(what);
      break;
    }
    case StepKind::kStore:
      store(Value(arg(step, 0)), step.id, Value(arg(step, 1)), step);
      break;
    case StepKind::kClear:
      note_emptied(step.id, step, step.text, false);
      break;
    case StepKind::kEscape:
      note_emptied(step.id, step, step.text, true);
      break;
    case StepKind::kReturn:
      add(graph_.returns, arg(step, 0));
      break;
    case StepKind::kSharedThis:
      break;
  }
}

ObjectGraph Interpreter::run() {
  const std::vector<Step>& steps = graph_.function->steps;
  for (uint32_t i = 0; i < steps.size(); ++i) execute(i, steps[i]);
  return std::move(graph_);
}

}  // namespace reftally::lint
