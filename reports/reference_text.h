// A reference of the heap in words.
#pragma once

#include <string>

#include "analyzer/findings/finding.h"
#include "analyzer/heap/heap.h"

namespace reftally {

const char* kind_name(ReferenceKind kind);                 // "strong or weak"
const char* certainty_name(Certainty certainty);           // "conservative"
std::string type_text(const Heap& heap, ObjectId object);  // never empty

bool is_namespace_of_module(const Heap& heap, uint64_t reference);  // CPython: from a module to its __dict__

ObjectId referrer_of(const Heap& heap, uint64_t reference);
bool pays(ReferenceKind kind, Certainty certainty);  // for one unit of a strong count

// "routes_[3].handler_" of the example, "routes_[].handler_" of them all; "offset 8" where no type tells.
std::string path_text(const Heap& heap, uint64_t reference, bool with_element);

// "routes_[3].handler_", "routes_["/a"].handler_" -> "routes_[].handler_"
std::string without_indexes(std::string text);

// Who declares it and its path: "Session::handler_", "Session at offset 8", "app.Session.handler", "[lambda
// a.cpp:4].self".
std::string member_text(std::string_view owner, std::string_view path, bool dotted);
const char* mending_verb(Mending mending);                // "make this one weak", "clear this one"
bool reads_dotted(const Heap& heap, uint64_t reference);  // source reads it as owner.path, not owner::path

// "a -> … -> d" of a way through blocks that takes more than `most` characters: what it begins and ends with is told.
std::string short_way(std::string_view way, size_t most);
std::string short_owner(std::string_view type);  // a class as it stands before its members

// The same of a reference; an owner that is not known is the type of the referrer.
std::string member_name(const Heap& heap, uint64_t reference, bool with_element = false);

}  // namespace reftally
