// Names for what only calls under way hold: a server that is a local variable of main. Its variables are walked as
// static ones are, but nothing is explained by that: where a call has not come to make a variable yet, or has destroyed
// it, some other thing stands there. So blocks that no type told of get a name, those of one container come together,
// as the words in them lead from one to the next anyhow, and the words get names of members; whether these refer
// strongly, or at all, is still told word by word.
#include "analyzer/flavours/typed_walk.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

// Callers first: their objects are the larger ones, which callees see parts of.
void TypedWalk::name_what_calls_hold(TypedReferences& found) {
  found_ = std::move(found);
  named_.emplace(image_);
  for (thread_ = 0; thread_ < image_.threads.size(); ++thread_) {
    const std::vector<LocalVariable> locals = types_.local_variables(thread_);
    for (auto local = locals.rbegin(); local != locals.rend(); ++local) walk_local(*local);
  }
  named_.reset();
  found = std::move(found_);
}

void TypedWalk::walk_local(const LocalVariable& local) {
  if (!is_walkable(local.type) || !walker_.has_references(local.type)) return;
  const ImageRegion* region = image_.region_at(local.address);
  if (!region || region->kind != dump::RegionKind::kStack || image_.block_at(local.address) != Image::kNoBlock) return;
  if (!walker_.is_plausible(*local.type, local.address, *this)) return;
  local_ = &local;
  holder_ = kNoHolder;
  owner_name_ = local.type->name;
  held_by_call_.clear();
  walk({local.type, local.address, PathId{}}, local.address + local.type->size);
  local_ = nullptr;
  walk_pointees();
  for (const DraftRoot& root : held_by_call_)
    if (walked_[holders_.block_of(root.to)]) found_.roots.push_back(root);
}

void TypedWalk::hold_by_call(uint32_t block, StringId name, uint64_t at) {
  held_by_call_.push_back({holders_.own_id(block), RootKind::kStack, ReferenceKind::kRaw, Certainty::kExact, name, at});
}

void TypedWalk::name_word(const Value& at, HolderId to) {
  if (to != holder_ && image_.block_at(at.address) != Image::kNoBlock) naming_.name_place(at.address, label(at.path));
}

// A local pointer may be older than its value. What a library's functions see is mostly a part of something else.
void TypedWalk::name_pointee(const Value& at, uint64_t target, const Type* pointee, bool owns) {
  const uint32_t block = image_.block_at(target);
  if (block == Image::kNoBlock) return;
  name_word(at, holders_.in_block(block, target));
  if (!is_walkable(pointee) || pointee->kind != Type::Kind::kClass || !is_unknown(block)) return;
  const bool is_local = image_.block_at(at.address) == Image::kNoBlock;
  if (is_local && !owns && is_library_scope(pointee->scope)) return;
  pointees_.push_back({block, target, pointee, owns && !is_local});
  if (is_local) hold_by_call(block, naming_.stack_name(thread_, at.address), at.address);
}

bool TypedWalk::name_storage(uint32_t block, uint64_t bytes) {
  if (!is_unknown(block)) return holder_ != kNoHolder && holders_.owner(block) == holder_;
  if (is_of_pool(image_.blocks[block], bytes)) return false;
  if (holder_ == kNoHolder) {
    holder_ = holders_.own_id(block);
    naming_.set_block_type(block, builder_.add_type("storage of " + local_->name));
    hold_by_call(block, naming_.stack_name(thread_, *local_), local_->address);
  } else if (holder_ != holders_.own_id(block)) {
    holders_.give(block, holder_);
  }
  walked_[block] = 1;
  note_storage(image_.blocks[block].size);
  return true;
}

}  // namespace reftally
