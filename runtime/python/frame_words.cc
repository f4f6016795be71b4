#include "runtime/python/frame_words.h"

#include <string.h>

#include <algorithm>

#include "runtime/python/object.h"
#include "runtime/python/references.h"

namespace reftally::python {
namespace {

uint64_t at(int32_t offset) { return static_cast<uint64_t>(offset); }

Address value_at(Address frame, int64_t i) noexcept {
  return frame + at(python.layout->frame_values) + 8 * static_cast<uint64_t>(i);
}

// 3.9 has no end of the stack for a frame that has returned either.
bool is_under_way(const FrameView& frame) noexcept {
  const int32_t executing = python.layout->frame_executing;
  return frame.stack_top < 0 && (executing == kAbsent || read<uint8_t>(frame.frame + at(executing)) != 0);
}

}  // namespace

// From 3.11 frames lie on a stack of the thread: above its top.
void FrameWords::add_returned(Address thread) noexcept {
  const Layout& layout = *python.layout;
  const Address top = pointer_at(thread + at(layout.thread_stack_top));
  if (top != 0) dead_.push({top, pointer_at(thread + at(layout.thread_stack_limit)), 0});
}

void FrameWords::add_frame(Address frame, uint32_t index) noexcept {
  const FrameView view = view_frame(frame);
  if (view.code == 0) return;
  const int64_t room = view.value_count + read<int32_t>(view.code + at(python.layout->code_stack_size));
  const int64_t used = view.stack_top > view.value_count ? view.stack_top : view.value_count;
  if (room > used) (is_under_way(view) ? in_hand_ : dead_).push({value_at(frame, used), value_at(frame, room), index});
}

// With as many values as its size says: its code may be gone.
void FrameWords::add_kept(Address frame) noexcept {
  dead_.push({value_at(frame, 0), value_at(frame, read<int64_t>(frame + kObjectSize)), 0});
}

// Frame objects, and the frame that a code object keeps for its next call.
void FrameWords::add_objects(const Walk& walk) noexcept {
  for (size_t i = 0; i < walk.object_count(); i++) {
    if (walk.is_uncounted(i)) continue;
    const Address object = walk.object(i), type = type_of(object);
    if (type == python.types.frame) add_frame(object, static_cast<uint32_t>(i));
    if (type != python.types.code) continue;
    if (const Address kept = pointer_at(object + at(python.layout->code_dead_frame))) add_kept(kept);
  }
}

// 3.9 has it in a variable that cannot be found.
void FrameWords::add_free_list(Address state) noexcept {
  constexpr int kMost = 1000;  // the interpreter keeps 200
  for (const Field& field : python.layout->dead_fields) {
    if (field.name == nullptr || strcmp(field.name, "frame free list") != 0) continue;
    Address frame = pointer_at(state + at(field.offset));
    for (int i = 0; frame != 0 && i < kMost; i++, frame = pointer_at(frame + at(python.layout->frame_previous)))
      add_kept(frame);
  }
}

void FrameWords::find(const Walk& walk) noexcept {
  const Address state = python.PyInterpreterState_Get();
  if (python.layout->code_dead_frame != kAbsent) {
    add_objects(walk);
    add_free_list(state);
  }
  if (python.layout->thread_stack_top != kAbsent)
    for (Address thread = python.PyInterpreterState_ThreadHead(state); thread != 0;
         thread = python.PyThreadState_Next(thread))
      add_returned(thread);
  std::sort(dead_.begin(), dead_.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
}

bool FrameWords::is_dead(Address place) const noexcept {
  const size_t i = dead_.partition_point([&](const Range& range) { return range.end <= place; });
  return i < dead_.size() && dead_[i].begin <= place;
}

}  // namespace reftally::python
