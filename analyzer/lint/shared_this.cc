// shared-this-in-constructor-or-destructor: nobody owns the object yet, or any more, so shared_from_this() throws
// bad_weak_ptr. Also through a function of the class that the constructor or destructor calls on itself.
#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

constexpr int kDeepestCall = 4;

const Step* shared_this_step(const FunctionFact& function) {
  for (const Step& step : function.steps)
    if (step.kind == StepKind::kSharedThis) return &step;
  return nullptr;
}

// Calls on `this`, in order, until one reaches shared_from_this().
bool reaches(const LintContext& context, const FunctionFact& function, int depth, std::vector<LintNote>& notes,
             bool& surely) {
  const std::string& file = function.location.file;
  if (const Step* step = shared_this_step(function)) {
    notes.push_back({{file, step->line, step->column}, "shared_from_this() in " + function.name + "()"});
    surely &= !step->flag;
    return true;
  }
  if (depth == kDeepestCall) return false;
  for (const Step& step : function.steps) {
    if (step.kind != StepKind::kCall || step.args.empty() || step.args[0] == kNone) continue;
    if (step.index & kInLambda) continue;  // runs when the closure is called
    if (function.steps[step.args[0]].kind != StepKind::kThis) continue;
    const FunctionFact* callee = context.program.function(step.id);
    if (!callee || callee == &function || callee->is_constructor) continue;
    notes.push_back({{file, step.line, step.column}, function.name + "() calls " + callee->name + "()"});
    const bool was_sure = surely;
    surely &= !(step.index & kMayNotHappen);
    if (reaches(context, *callee, depth + 1, notes, surely)) return true;
    surely = was_sure;
    notes.pop_back();
  }
  return false;
}

}  // namespace

void find_shared_this(const LintContext& context, std::vector<LintFinding>& out) {
  for (const FunctionFact& function : context.program.functions()) {
    if (!function.is_constructor && !function.is_destructor) continue;
    std::vector<LintNote> notes;
    bool surely = true;
    if (!reaches(context, function, 0, notes, surely)) continue;
    LintFinding finding;
    finding.severity = surely ? LintSeverity::kError : LintSeverity::kNote;
    finding.rank = surely ? 95 : 40;
    finding.location = notes.front().location;
    finding.identity = function.name;
    finding.message = std::string("shared_from_this() in the ") +
                      (function.is_constructor ? "constructor" : "destructor") + " of " +
                      context.program.class_name(function.owner) + ": no shared_ptr owns it " +
                      (function.is_constructor ? "yet" : "any more") + ", so it throws bad_weak_ptr" +
                      (surely ? "" : " if it is reached");
    if (notes.size() > 1) finding.notes = std::move(notes);
    out.push_back(std::move(finding));
  }
}

}  // namespace reftally::lint
