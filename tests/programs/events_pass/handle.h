// A smart pointer of a program's own, over intrusive_ptr_add_ref() and intrusive_ptr_release().
#pragma once
#include <utility>

template <class T>
class Handle {
 public:
  Handle() = default;
  Handle(T* p) : p_(p) {
    if (p_) intrusive_ptr_add_ref(p_);
  }
  Handle(const Handle& other) : Handle(other.p_) {}
  Handle(Handle&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  Handle& operator=(const Handle& other) {
    Handle(other).swap(*this);
    return *this;
  }
  Handle& operator=(Handle&& other) noexcept {
    Handle(std::move(other)).swap(*this);
    return *this;
  }
  ~Handle() {
    if (p_) intrusive_ptr_release(p_);
  }
  void swap(Handle& other) noexcept { std::swap(p_, other.p_); }
  void reset() { Handle().swap(*this); }
  T* detach() { return std::exchange(p_, nullptr); }
  T* get() const { return p_; }
  T* operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  T* p_ = nullptr;
};

template <class T>
struct Counted {
  friend void intrusive_ptr_add_ref(T* object) { object->references_++; }
  friend void intrusive_ptr_release(T* object) {
    if (--object->references_ == 0) delete object;
  }
  int references_ = 0;
};
