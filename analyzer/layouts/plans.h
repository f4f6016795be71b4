// Ways to walk that libraries share: where their classes differ, it is in offsets and names.
#pragma once

#include <functional>

#include "analyzer/layouts/walker.h"

namespace reftally {

// { stored pointer, control block }; lock_bits of the second word belong to an atomic.
bool plan_counted_pair(const Type& type, Plan& plan, bool strong, uint64_t lock_bits = 0);
bool plan_shared_ptr(const Type& type, Plan& plan);
bool plan_weak_ptr(const Type& type, Plan& plan);
bool plan_shared_from_this(const Type& type, Plan& plan);  // weak, read as weak_from_this()

// One pointer, which owns, at the offset.
void plan_sole_owner(Plan& plan, uint64_t offset, const Type* pointee);

// { begin, end, end of storage } at the offset.
void plan_three_pointers(Plan& plan, uint64_t offset, const Type* element);

// Value and flag.
void plan_engaged(Plan& plan, uint64_t value, uint64_t flag, const Type* element);

// Storage and index of the alternative, of 1 to 4 bytes; all ones: none.
void plan_indexed(Plan& plan, uint64_t storage, uint64_t index, uint64_t index_size,
                  const std::vector<const Type*>& alternatives);

bool plan_pair_members(const Type& type, Plan& plan);  // first, second

// Elements of a tuple in their order; `heads` are its members that are not empty, by the names element_step() gives.
void plan_tuple_heads(Plan& plan, std::vector<TypeMember> heads);
// ".get<0>()" from the base of a tuple that holds the element, whose first template argument is its number.
std::string element_step(const Type& base);

// The entry of a container that stands at the address: an element, or a key and a mapped value.
bool plan_entries(const Type& type, Plan& plan, bool is_map);
// Where it stands in a node behind so many bytes of links.
uint64_t offset_in_node(const Plan& plan, uint64_t links);
void push_entry(Walker& walker, const Plan& plan, const Value& container, uint64_t address, uint32_t index = kNoIndex);

// Where a node of a binary tree has its links.
struct TreeLinks {
  uint64_t left, right, parent;
};
// Nodes of a tree from its root on, each once; `push` is called with the address of each.
void walk_tree_nodes(Walker& walker, uint64_t root, const TreeLinks& links,
                     const std::function<void(uint64_t node)>& push);

// Where the value of a type-erased callable or its copy is: reads as ".[lambda FILE:LINE]" or ".bind".
PathId path_into(Walker& walker, const Type& type, PathId path);

}  // namespace reftally
