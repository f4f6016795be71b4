// A pass for clang 19 (-fpass-plugin): tells Reftally's agent of counts that are kept by hand. A call of a function
// that takes or gives back a reference is told just before it is made, so that the frame the agent sees is the
// caller's; which word holds the reference is told where code shows it (holders.h), and then moves between such words.
//
// Such functions are intrusive_ptr_add_ref() and intrusive_ptr_release(), what libc++'s shared_ptr calls, those marked
// [[clang::annotate("reftally::acquire")]] or "reftally::release", and those named in a file (-mllvm
// -reftally-functions=FILE; lines `acquire ns::Class::ref`, `release ns::Class::unref`). The object is the first
// argument, which may be `this`. A function that is one of them itself is left alone, or what it forwards to would be
// told twice; so are the members of the overlay's smart pointers, which tell for themselves.
#include <llvm/ADT/StringMap.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include <optional>
#include <vector>

#include "runtime/events/pass/holders.h"

namespace {

using namespace llvm;
using reftally::HolderClasses;
using reftally::Mover;
using reftally::What;

cl::opt<std::string> functions_file("reftally-functions", cl::desc("functions that take or give back a reference"));

enum Code : unsigned {
  kCodeAcquire = 1,
  kCodeRelease = 2,
  kCodeMove = 4,
  kCodeTake = 6,
  kCodeGive = 7
};  // of reftally.h

std::optional<What> what_of_word(StringRef word) {
  if (word == "acquire") return What::kAcquire;
  if (word == "release") return What::kRelease;
  return std::nullopt;
}

// shared_ptr of libc++: its control block counts.
std::optional<What> what_of_libcxx(StringRef mangled) {
  if (!mangled.consume_front("_ZNSt3__1")) return std::nullopt;
  if (mangled.starts_with("14__shared_count12__add_shared")) return What::kAcquire;
  if (mangled.starts_with("19__shared_weak_count12__add_shared")) return What::kAcquire;
  if (mangled.starts_with("19__shared_weak_count16__release_shared")) return What::kRelease;
  if (mangled.starts_with("19__shared_weak_count4lock")) return What::kLock;
  return std::nullopt;
}

StringMap<What> read_functions_file() {
  StringMap<What> functions;
  if (functions_file.empty()) return functions;
  auto file = MemoryBuffer::getFile(functions_file);
  if (!file) report_fatal_error(Twine("reftally: cannot read ") + functions_file, false);
  SmallVector<StringRef> lines;
  (*file)->getBuffer().split(lines, '\n');
  for (StringRef line : lines) {
    const auto [word, name] = line.split('#').first.trim().split(' ');
    if (word.empty()) continue;
    const std::optional<What> what = what_of_word(word);
    if (!what) report_fatal_error(Twine("reftally: expected `acquire NAME` or `release NAME`: ") + line, false);
    functions[name.trim()] = *what;
  }
  return functions;
}

class Functions {
 public:
  explicit Functions(Module& module) : named_(read_functions_file()) { read_annotations(module); }

  std::optional<What> what(const Function* function) const {
    if (function == nullptr) return std::nullopt;
    if (const auto found = annotated_.find(function); found != annotated_.end()) return found->second;
    const StringRef mangled = function->getName();
    if (mangled.contains("21intrusive_ptr_add_ref")) return What::kAcquire;
    if (mangled.contains("21intrusive_ptr_release")) return What::kRelease;
    if (const auto what = what_of_libcxx(mangled)) return what;
    if (named_.empty()) return std::nullopt;
    const std::string demangled = demangle(mangled.str());
    const auto found = named_.find(StringRef(demangled).split('(').first.split("[abi:").first);
    return found != named_.end() ? std::optional(found->second) : std::nullopt;
  }

 private:
  // llvm.global.annotations: { function, text, file, line, arguments }.
  void read_annotations(Module& module) {
    const GlobalVariable* all = module.getNamedGlobal("llvm.global.annotations");
    if (all == nullptr || !all->hasInitializer()) return;
    const auto* rows = dyn_cast<ConstantArray>(all->getInitializer());
    for (unsigned i = 0; rows != nullptr && i < rows->getNumOperands(); i++) {
      const auto* row = cast<ConstantStruct>(rows->getOperand(i));
      const auto* function = dyn_cast<Function>(row->getOperand(0)->stripPointerCasts());
      const auto* text = dyn_cast<GlobalVariable>(row->getOperand(1)->stripPointerCasts());
      if (function == nullptr || text == nullptr || !text->hasInitializer()) continue;
      const auto* bytes = dyn_cast<ConstantDataSequential>(text->getInitializer());
      if (bytes == nullptr || !bytes->isCString()) continue;
      StringRef word = bytes->getAsCString();
      if (!word.consume_front("reftally::")) continue;
      if (const std::optional<What> what = what_of_word(word)) annotated_[function] = *what;
    }
  }

  StringMap<What> named_;
  DenseMap<const Function*, What> annotated_;
};

bool tells_for_itself(const Function& function) {
  for (const Instruction& instruction : instructions(function))
    if (const auto* call = dyn_cast<CallBase>(&instruction))
      if (call->getCalledFunction() != nullptr && call->getCalledFunction()->getName().contains("10__reftally"))
        return true;
  return false;
}

// The agent's address, or null: read from the global offset table, as in overlay/reftally/tell.h.
Value* find_agent(IRBuilder<>& builder) {
  PointerType* const pointer = PointerType::getUnqual(builder.getContext());
  InlineAsm* const find =
      InlineAsm::get(FunctionType::get(pointer, false),
                     ".weak reftally_agent_reference\n\tmovq reftally_agent_reference@GOTPCREL(%rip), $0", "=r", false);
  return builder.CreateCall(find);
}

// Where code goes that is to run before `at` if the condition holds, which is rare.
Instruction* if_rarely(Value* condition, Instruction& at) {
  return SplitBlockAndInsertIfThen(condition, &at, false, MDBuilder(at.getContext()).createBranchWeights(1, 2000));
}

void call_agent(Instruction& at, const DebugLoc& place, Value* agent, Code code, ArrayRef<Value*> words) {
  IRBuilder<> builder(&at);
  builder.SetCurrentDebugLocation(place);
  PointerType* const pointer = PointerType::getUnqual(at.getContext());
  FunctionType* const type =
      FunctionType::get(builder.getVoidTy(), {builder.getInt32Ty(), pointer, pointer, pointer}, false);
  CallInst* const told = builder.CreateCall(type, agent, {builder.getInt32(code), words[0], words[1], words[2]});
  told->setTailCallKind(CallInst::TCK_NoTail);
}

Value* word_at(IRBuilder<>& builder, Function& function, unsigned argument, uint64_t offset) {
  return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), function.getArg(argument), offset);
}

// if (agent) agent(code, object, holder, null).
void tell(CallBase& call, What what, std::optional<uint64_t> holder) {
  IRBuilder<> builder(&call);
  Value* const agent = find_agent(builder);
  Instruction* const there = if_rarely(builder.CreateIsNotNull(agent), call);
  builder.SetInsertPoint(there);
  Constant* const null = ConstantPointerNull::get(PointerType::getUnqual(call.getContext()));
  Value* const word = holder ? word_at(builder, *call.getFunction(), 0, *holder) : null;
  const Code code = what == What::kAcquire ? (holder ? kCodeAcquire : kCodeTake) : (holder ? kCodeRelease : kCodeGive);
  call_agent(*there, call.getDebugLoc(), agent, code, {call.getArgOperand(0), word, null});
}

// The same behind the call, of what it returned.
void tell_lock(CallInst& call, std::optional<uint64_t> holder) {
  Instruction& next = *call.getNextNode();
  IRBuilder<> builder(&next);
  Value* const agent = find_agent(builder);
  Value* const both = builder.CreateAnd(builder.CreateIsNotNull(agent), builder.CreateIsNotNull(&call));
  Instruction* const there = if_rarely(both, next);
  builder.SetInsertPoint(there);
  Constant* const null = ConstantPointerNull::get(PointerType::getUnqual(call.getContext()));
  Value* const word = holder ? word_at(builder, *call.getFunction(), 0, *holder) : null;
  call_agent(*there, call.getDebugLoc(), agent, holder ? kCodeAcquire : kCodeTake, {&call, word, null});
}

// What was in one word and is now in the other only.
void tell_move(Instruction& at, Value* agent, Value* before, Value* now_there, Value* now, Value* from, Value* to) {
  IRBuilder<> builder(&at);
  Value* const moved = builder.CreateAnd(builder.CreateICmpEQ(before, now), builder.CreateICmpNE(before, now_there));
  Instruction* const there = if_rarely(builder.CreateAnd(moved, builder.CreateIsNotNull(before)), at);
  call_agent(*there, at.getDebugLoc(), agent, kCodeMove, {now, from, to});
}

void tell_moves(const Mover& mover) {
  Function& function = *mover.function;
  PointerType* const pointer = PointerType::getUnqual(function.getContext());
  std::vector<ReturnInst*> ends;
  for (BasicBlock& block : function)
    if (auto* end = dyn_cast<ReturnInst>(block.getTerminator()); end != nullptr && !block.getTerminatingMustTailCall())
      ends.push_back(end);
  IRBuilder<> builder(&*function.getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
  builder.SetCurrentDebugLocation({});
  Value* const one = word_at(builder, function, 0, mover.offset);
  Value* const other = word_at(builder, function, 1, mover.offset);
  Value* const in_one = mover.constructs ? nullptr : builder.CreateLoad(pointer, one);
  Value* const in_other = builder.CreateLoad(pointer, other);
  for (ReturnInst* end : ends) {
    builder.SetInsertPoint(end);
    Value* const agent = find_agent(builder);
    Instruction* const there = if_rarely(builder.CreateIsNotNull(agent), *end);
    builder.SetInsertPoint(there);
    Value *const now_one = builder.CreateLoad(pointer, one), *const now_other = builder.CreateLoad(pointer, other);
    tell_move(*there, agent, in_other, now_other, now_one, other, one);
    if (in_one != nullptr) tell_move(*there, agent, in_one, now_one, now_other, one, other);
  }
}

struct Call {
  CallBase* call;
  What what;
  std::optional<uint64_t> holder;
};

void collect(Function& function, const Functions& functions, std::vector<Call>& calls, HolderClasses& classes) {
  for (Instruction& instruction : instructions(function)) {
    auto* call = dyn_cast<CallBase>(&instruction);
    const std::optional<What> what = call != nullptr ? functions.what(call->getCalledFunction()) : std::nullopt;
    if (!what || call->arg_size() == 0 || !call->getArgOperand(0)->getType()->isPointerTy() || call->hasStructRetAttr())
      continue;
    const std::optional<uint64_t> holder = reftally::holder_of(*call, *what);
    if (holder) reftally::note_class(function, *holder, classes);
    calls.push_back({call, *what, holder});
  }
}

struct ReferencePass : PassInfoMixin<ReferencePass> {
  PreservedAnalyses run(Module& module, ModuleAnalysisManager&) {
    const Functions functions(module);
    HolderClasses classes;
    std::vector<Call> calls;  // collected first: telling splits blocks
    for (Function& function : module)
      if (!function.isDeclaration() && !functions.what(&function) && !tells_for_itself(function))
        collect(function, functions, calls, classes);
    const std::vector<Mover> movers = reftally::find_movers(module, classes);
    for (const Call& call : calls)
      if (call.what != What::kLock)
        tell(*call.call, call.what, call.holder);
      else if (auto* lock = dyn_cast<CallInst>(call.call))
        tell_lock(*lock, call.holder);
    for (const Mover& mover : movers) tell_moves(mover);
    return calls.empty() ? PreservedAnalyses::all() : PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }  // at -O0 too
};

}  // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "reftally", "1", [](PassBuilder& builder) {
            builder.registerPipelineStartEPCallback(
                [](ModulePassManager& passes, OptimizationLevel) { passes.addPass(ReferencePass()); });
          }};
}
