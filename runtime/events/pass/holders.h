// Which word holds the reference that a call takes or gives back, and where a reference goes when a smart pointer is
// moved: as far as code before optimisation shows it.
//
//   explicit Handle(T* p) : p_(p) { p->ref(); }      the argument is stored in a member, in one only
//   node->next = node_ref(other);                    so is the result
//   Handle(const Handle& o) : p_(o.p_) { p_->ref(); }  a constructor reads the argument from a member
//   ~Handle() { if (p_) p_->unref(); }               it was read from a member
//
// Members are those of what the function's first argument leads to. Nothing is said of local variables.
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include <optional>
#include <set>
#include <vector>

namespace reftally {

// What a call does with a reference: kLock takes one to what it returns, if it returns anything.
enum class What { kAcquire, kRelease, kLock };

// Bytes from what the function's first argument leads to, to the word that holds what `call` takes or gives back.
std::optional<uint64_t> holder_of(llvm::CallBase& call, What what);

// Where in classes references stand, by name of the class: told by their constructors and destructors.
using HolderClasses = llvm::StringMap<std::set<uint64_t>>;
void note_class(const llvm::Function& function, uint64_t offset, HolderClasses& classes);

// A function that may move a reference from what its second argument leads to, to what its first does, or swap two: a
// constructor or an assignment by `&&`, a swap.
struct Mover {
  llvm::Function* function;
  uint64_t offset;  // in both
  bool constructs;  // before, there is none in the first
};
std::vector<Mover> find_movers(llvm::Module& module, const HolderClasses& classes);

}  // namespace reftally
