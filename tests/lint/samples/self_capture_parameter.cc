// A lambda is given the object whose closure it makes. Each struct is one case; `Bad` leaks, `Good` must stay silent.
#include <functional>
#include <memory>
#include <utility>

using Callback = std::function<void()>;

template <class T>
void on_connection(std::function<void(std::shared_ptr<T>, std::shared_ptr<T>)> work);  // somebody else's server
template <class T>
void on_weak_connection(std::function<void(std::weak_ptr<T>)> work);

struct BadParameter {
  Callback on_message_;
  void on_message(Callback work) { on_message_ = std::move(work); }
  void send();
};

void bad_parameter() {
  on_connection<BadParameter>([](std::shared_ptr<BadParameter> socket, std::shared_ptr<BadParameter>) {
    socket->on_message([socket] { socket->send(); });  // expect: self-capture
  });
}

struct BadReference {
  Callback on_message_;
  void send();
};

void bad_reference(int& count) {
  on_connection<BadReference>([&count](const std::shared_ptr<BadReference>& socket, auto&&) {
    socket->on_message_ = [socket, &count] { socket->send(), ++count; };  // expect: self-capture
  });
}

struct BadLocked {
  Callback on_message_;
  void on_message(Callback work) { on_message_ = std::move(work); }
  void send();
};

void bad_locked() {
  on_weak_connection<BadLocked>([](std::weak_ptr<BadLocked> weak) {
    auto socket = weak.lock();
    if (!socket) return;
    socket->on_message([socket] { socket->send(); });  // expect: self-capture
  });
}

struct BadGeneric {
  Callback on_message_;
  void on_message(Callback work) { on_message_ = std::move(work); }
  void send();
};

void bad_generic() {
  on_connection<BadGeneric>([](auto socket, auto) {
    socket->on_message([socket] { socket->send(); });  // expect: self-capture
  });
}

struct Good {
  Callback on_message_;
  void on_message(Callback work) { on_message_ = std::move(work); }
  void send();
  std::shared_ptr<Good> peer() const;
};

void good_weak() {
  on_connection<Good>([](std::shared_ptr<Good> socket, std::shared_ptr<Good>) {
    socket->on_message([weak = std::weak_ptr<Good>(socket)] {
      if (auto alive = weak.lock()) alive->send();
    });
  });
}

void good_raw() {
  on_connection<Good>([](std::shared_ptr<Good> socket, std::shared_ptr<Good>) {
    socket->on_message([socket = socket.get()] { socket->send(); });
  });
}

void good_two_of_a_class() {
  on_connection<Good>(
      [](std::shared_ptr<Good> one, std::shared_ptr<Good> other) { one->on_message([other] { other->send(); }); });
}

void good_another_by_then() {
  on_connection<Good>([](std::shared_ptr<Good> socket, std::shared_ptr<Good>) {
    const auto first = socket;
    socket = first->peer();
    first->on_message([socket] { socket->send(); });
  });
}

void good_unused_closure() {
  on_connection<Good>([](std::shared_ptr<Good> socket, std::shared_ptr<Good>) {
    const auto later = [socket] { socket->send(); };
    later();
  });
}

struct Emptied {
  Callback on_end;
  void end() { on_end = nullptr; }
};

void emptied() {
  on_connection<Emptied>([](std::shared_ptr<Emptied> one, std::shared_ptr<Emptied>) {
    one->on_end = [one] {};  // expect-note: self-capture
  });
}
