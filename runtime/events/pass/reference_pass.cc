// A pass for clang 19 (-fpass-plugin): tells Reftally's agent of counts that are kept by hand. A call of a function
// that takes or gives back a reference is told just before it is made, so that the frame the agent sees is the
// caller's.
//
// Such functions are intrusive_ptr_add_ref() and intrusive_ptr_release(), those marked
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

namespace {

using namespace llvm;

cl::opt<std::string> functions_file("reftally-functions", cl::desc("functions that take or give back a reference"));

enum What : unsigned { kAcquire = 6, kRelease = 7 };  // as in reftally.h

std::optional<What> what_of_word(StringRef word) {
  if (word == "acquire") return kAcquire;
  if (word == "release") return kRelease;
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
    if (mangled.contains("21intrusive_ptr_add_ref")) return kAcquire;
    if (mangled.contains("21intrusive_ptr_release")) return kRelease;
    if (named_.empty()) return std::nullopt;
    const std::string demangled = demangle(mangled.str());
    const auto found = named_.find(StringRef(demangled).split('(').first);
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

// if (agent) agent(what, object, null, null). The agent's address is read from the global offset table, as in
// overlay/reftally/tell.h.
void tell(CallBase& call, What what) {
  LLVMContext& context = call.getContext();
  IRBuilder<> builder(&call);
  PointerType* const pointer = PointerType::getUnqual(context);
  InlineAsm* const find =
      InlineAsm::get(FunctionType::get(pointer, false),
                     ".weak reftally_agent_reference\n\tmovq reftally_agent_reference@GOTPCREL(%rip), $0", "=r", false);
  Value* const agent = builder.CreateCall(find);
  Instruction* const there = SplitBlockAndInsertIfThen(builder.CreateIsNotNull(agent), &call, false,
                                                       MDBuilder(context).createBranchWeights(1, 2000));
  builder.SetInsertPoint(there);
  builder.SetCurrentDebugLocation(call.getDebugLoc());
  FunctionType* const type =
      FunctionType::get(builder.getVoidTy(), {builder.getInt32Ty(), pointer, pointer, pointer}, false);
  Constant* const null = ConstantPointerNull::get(pointer);
  CallInst* const told = builder.CreateCall(type, agent, {builder.getInt32(what), call.getArgOperand(0), null, null});
  told->setTailCallKind(CallInst::TCK_NoTail);
}

struct ReferencePass : PassInfoMixin<ReferencePass> {
  PreservedAnalyses run(Module& module, ModuleAnalysisManager&) {
    const Functions functions(module);
    std::vector<std::pair<CallBase*, What>> calls;  // collected first: telling splits blocks
    for (Function& function : module) {
      if (function.isDeclaration() || functions.what(&function) || tells_for_itself(function)) continue;
      for (Instruction& instruction : instructions(function)) {
        auto* call = dyn_cast<CallBase>(&instruction);
        const std::optional<What> what = call != nullptr ? functions.what(call->getCalledFunction()) : std::nullopt;
        if (what && call->arg_size() != 0 && call->getArgOperand(0)->getType()->isPointerTy() &&
            !call->hasStructRetAttr())
          calls.emplace_back(call, *what);
      }
    }
    for (const auto& [call, what] : calls) tell(*call, what);
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
