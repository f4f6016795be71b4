// Several objects in one container, what a container of values lets go, and what std::any does not own.
#include <any>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// Elements that a loop made are objects of their own: a row of them is no cycle.
namespace row_of_rooms {
struct Room {
  std::array<std::shared_ptr<Room>, 4> doors;
};
void link(std::shared_ptr<Room> a, std::shared_ptr<Room> b, int door) { a->doors[door] = b; }
void build() {
  std::vector<std::shared_ptr<Room>> rooms;
  for (int i = 0; i < 9; ++i) rooms.push_back(std::make_shared<Room>());
  for (int i = 0; i + 1 < 9; ++i) link(rooms[i], rooms[i + 1], i % 4);
}
}  // namespace row_of_rooms

namespace rooms_with_ways_back {
struct Room {
  std::array<std::shared_ptr<Room>, 4> doors;  // expect: own-cycle
};
void link(std::shared_ptr<Room> a, std::shared_ptr<Room> b, int door) {
  a->doors[door] = b;
  b->doors[(door + 2) % 4] = a;
}
void build() {
  std::vector<std::shared_ptr<Room>> rooms;
  for (int i = 0; i < 9; ++i) rooms.push_back(std::make_shared<Room>());
  for (int i = 0; i + 1 < 9; ++i) link(rooms[i], rooms[i + 1], i % 4);
}
}  // namespace rooms_with_ways_back

// The same index is the same element.
namespace same_element {
struct Node {
  std::shared_ptr<Node> next;  // expect: self-hold // expect: deep-destruction
};
void build(int which) {
  std::vector<std::shared_ptr<Node>> nodes;
  for (int i = 0; i < 9; ++i) nodes.push_back(std::make_shared<Node>());
  nodes[which]->next = nodes[which];
}
}  // namespace same_element

// What all of them were given where they were made, each has; where all of them were put, each is.
namespace all_of_them {
struct Tree;
struct Leaf {
  std::shared_ptr<Tree> tree;
};
struct Tree {
  std::vector<std::shared_ptr<Leaf>> leaves;  // expect: own-cycle
};
void build() {
  auto tree = std::make_shared<Tree>();
  std::vector<std::shared_ptr<Leaf>> made;
  for (int i = 0; i < 9; ++i) {
    auto leaf = std::make_shared<Leaf>();
    leaf->tree = tree;
    made.push_back(leaf);
  }
  for (auto& leaf : made) tree->leaves.push_back(leaf);
}
}  // namespace all_of_them

namespace put_first {
struct Shelf;
struct Book {
  std::shared_ptr<Shelf> shelf;
};
struct Shelf {
  std::vector<std::shared_ptr<Book>> books;  // expect: own-cycle
};
void build() {
  auto shelf = std::make_shared<Shelf>();
  std::vector<std::shared_ptr<Book>> made;
  for (int i = 0; i < 9; ++i) {
    auto book = std::make_shared<Book>();
    shelf->books.push_back(book);
    made.push_back(book);
  }
  for (auto& book : made) book->shelf = shelf;
}
}  // namespace put_first

// close() destroys the messages, and the references in them.
namespace mailbox {
struct Actor;
struct Message {
  std::shared_ptr<Actor> reply_to;  // expect-note: own-cycle
};
struct Actor {
  std::deque<Message> mailbox;
  void send(Message message) { mailbox.push_back(std::move(message)); }
  void close() { mailbox.clear(); }
};
void talk() {
  auto a = std::make_shared<Actor>(), b = std::make_shared<Actor>();
  a->send({b});
  b->send({a});
  a->close();
  b->close();
}
}  // namespace mailbox

namespace mailbox_that_stays_full {
struct Actor;
struct Message {
  std::shared_ptr<Actor> reply_to;  // expect: own-cycle
};
struct Actor {
  std::deque<Message> mailbox;
  void send(Message message) { mailbox.push_back(std::move(message)); }
};
void talk() {
  auto a = std::make_shared<Actor>(), b = std::make_shared<Actor>();
  a->send({b});
  b->send({a});
}
}  // namespace mailbox_that_stays_full

// A std::any owns a shared_ptr, and not what a weak_ptr or a plain pointer leads to.
namespace properties {
struct Widget {
  std::map<std::string, std::any> properties;
  std::any parent;
};
void build() {
  auto a = std::make_shared<Widget>(), b = std::make_shared<Widget>();
  a->properties["child"] = b;
  b->properties["parent"] = std::weak_ptr<Widget>(a);
  b->properties.emplace("again", a.get());
  b->parent = std::any(std::weak_ptr<Widget>(a));
}
}  // namespace properties

namespace properties_that_own {
struct Widget {
  std::map<std::string, std::any> properties;  // expect: own-cycle
};
void build() {
  auto a = std::make_shared<Widget>(), b = std::make_shared<Widget>();
  a->properties["child"] = b;
  b->properties["parent"] = a;
}
}  // namespace properties_that_own

// Of what a virtual call may return, a member holds only what it can.
namespace made_by_name {
struct Object {
  virtual ~Object() = default;
};
struct Class {
  virtual ~Class() = default;
  virtual std::shared_ptr<Object> make() const = 0;
};
struct Bundle : Object {
  std::shared_ptr<Bundle> parent;
  void set_parent(std::shared_ptr<Bundle> given) { parent = given; }
};
struct Appender : Object {};
struct ClassOfAppenders : Class {
  std::shared_ptr<Object> make() const override { return std::make_shared<Appender>(); }
};
std::shared_ptr<Bundle> load(const Class& of) {
  auto bundle = std::dynamic_pointer_cast<Bundle>(of.make());
  bundle->set_parent(std::dynamic_pointer_cast<Bundle>(of.make()));
  return bundle;
}
}  // namespace made_by_name

// What an earlier round of a loop made is another object.
namespace chain_of_bundles {
struct Bundle {
  std::shared_ptr<Bundle> parent;
  void set_parent(std::shared_ptr<Bundle> given) { parent = given; }
};
std::shared_ptr<Bundle> load(int count) {
  std::shared_ptr<Bundle> first, previous;
  for (int i = 0; i < count; ++i) {
    auto current = std::make_shared<Bundle>();
    if (first == nullptr) {
      first = current;
      previous = current;
    } else {
      previous->set_parent(current);
      previous = current;
    }
  }
  return first;
}
}  // namespace chain_of_bundles

namespace sessions_in_turn {
struct Session {
  std::function<void()> on_close;
};
void accept(int count) {
  std::shared_ptr<Session> session;
  for (int i = 0; i < count; ++i) {
    session = std::make_shared<Session>();
    session->on_close = [session] {};  // expect: self-capture
  }
}
}  // namespace sessions_in_turn
