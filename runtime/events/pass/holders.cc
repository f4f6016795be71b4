#include "runtime/events/pass/holders.h"

#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Function.h>

#include <cstdlib>
#include <string>

namespace reftally {
namespace {

using namespace llvm;

// Before optimisation arguments are copied to local variables: what is stored in this one, when that is one thing.
const Value* only_value_in(const AllocaInst& local) {
  const Value* found = nullptr;
  for (const User* user : local.users())
    if (const auto* store = dyn_cast<StoreInst>(user); store != nullptr && store->getPointerOperand() == &local) {
      if (found != nullptr) return nullptr;
      found = store->getValueOperand();
    }
  return found;
}

// Through local variables to what was read or given first.
const Value* origin_of(const Value* value) {
  const auto* load = dyn_cast<LoadInst>(value);
  const auto* local = load != nullptr ? dyn_cast<AllocaInst>(load->getPointerOperand()) : nullptr;
  const Value* stored = local != nullptr ? only_value_in(*local) : nullptr;
  return stored != nullptr ? stored : value;
}

// Where the address is in what the function's first argument leads to.
std::optional<uint64_t> member_at(const Value* address, const Function& function) {
  if (function.arg_empty()) return std::nullopt;
  const DataLayout& layout = function.getParent()->getDataLayout();
  APInt offset(layout.getIndexTypeSizeInBits(address->getType()), 0);
  const Value* base = origin_of(address->stripAndAccumulateConstantOffsets(layout, offset, true));
  if (base != function.getArg(0) || !base->getType()->isPointerTy() || offset.isNegative()) return std::nullopt;
  return offset.getZExtValue();
}

std::optional<uint64_t> member_read(const Value* value, const Function& function) {
  const auto* load = dyn_cast<LoadInst>(origin_of(value));
  return load != nullptr ? member_at(load->getPointerOperand(), function) : std::nullopt;
}

// Members that the value, or what was read from the same local variable, is stored in.
std::set<uint64_t> members_stored(const Value* value, const Function& function) {
  std::set<uint64_t> members;
  auto look = [&](const Value* copy) {
    for (const User* user : copy->users())
      if (const auto* store = dyn_cast<StoreInst>(user); store != nullptr && store->getValueOperand() == copy)
        if (const auto member = member_at(store->getPointerOperand(), function)) members.insert(*member);
  };
  for (const User* user : value->users())
    if (isa<PHINode>(user)) look(user);  // p != nullptr ? take(p) : nullptr
  look(value);
  if (const auto* load = dyn_cast<LoadInst>(value); load != nullptr && isa<AllocaInst>(load->getPointerOperand()))
    for (const User* user : load->getPointerOperand()->users())
      if (isa<LoadInst>(user)) look(user);
  return members;
}

// A function's name in parts; empty ones where it is not C++.
struct Name {
  explicit Name(const Function& function) {
    ItaniumPartialDemangler demangler;
    const std::string mangled = function.getName().str();
    if (demangler.partialDemangle(mangled.c_str()) || !demangler.isFunction()) return;
    base = text(demangler.getFunctionBaseName(nullptr, nullptr));
    scope = text(demangler.getFunctionDeclContextName(nullptr, nullptr));
    parameters = text(demangler.getFunctionParameters(nullptr, nullptr));
    is_special = demangler.isCtorOrDtor();
  }
  bool constructs() const { return is_special && !StringRef(base).starts_with("~"); }

  std::string base, scope, parameters;
  bool is_special = false;

 private:
  static std::string text(char* made) {
    const std::string result = made != nullptr ? made : "";
    std::free(made);
    return result;
  }
};

}  // namespace

std::optional<uint64_t> holder_of(CallBase& call, What what) {
  const Function& function = *call.getFunction();
  const Value* const object = call.getArgOperand(0);
  if (what == What::kRelease) return member_read(object, function);
  std::set<uint64_t> members;
  if (what == What::kAcquire) members = members_stored(object, function);
  if (call.getType()->isPointerTy()) members.merge(members_stored(&call, function));
  if (members.size() == 1) return *members.begin();
  return what == What::kAcquire && members.empty() && Name(function).constructs() ? member_read(object, function)
                                                                                  : std::nullopt;
}

void note_class(const Function& function, uint64_t offset, HolderClasses& classes) {
  if (const Name name(function); name.is_special) classes[name.scope].insert(offset);
}

std::vector<Mover> find_movers(Module& module, const HolderClasses& classes) {
  std::vector<Mover> movers;
  if (classes.empty()) return movers;
  for (Function& function : module) {
    if (function.isDeclaration() || function.arg_size() != 2 || function.getArg(0)->hasStructRetAttr()) continue;
    const Name name(function);
    const auto of_class = classes.find(name.scope);
    if (of_class == classes.end()) continue;
    StringRef other = StringRef(name.parameters).trim("()");
    if (!other.consume_back("&&") && !(name.base == "swap" && other.consume_back("&"))) continue;
    const auto of_other = classes.find(other);
    for (const uint64_t offset : of_class->second)
      if (of_other != classes.end() && of_other->second.count(offset) != 0)
        movers.push_back({&function, offset, name.constructs()});
  }
  return movers;
}

}  // namespace reftally
