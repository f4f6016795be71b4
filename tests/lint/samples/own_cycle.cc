// Objects that own each other. Bad ones close a cycle that nothing opens again.
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace pair {
struct B;
struct A {
  std::shared_ptr<B> b;  // expect: own-cycle
};
struct B {
  std::shared_ptr<A> a;
};
void link() {
  auto a = std::make_shared<A>();
  auto b = std::make_shared<B>();
  b->a = a;
  a->b = b;
}
}  // namespace pair

namespace setter {
struct Child;
struct Parent : std::enable_shared_from_this<Parent> {
  void adopt();
  std::shared_ptr<Child> child_;
};
struct Child {
  void set_parent(std::shared_ptr<Parent> parent) { parent_ = std::move(parent); }
  std::shared_ptr<Parent> parent_;  // expect: own-cycle
};
void Parent::adopt() {
  child_ = std::make_shared<Child>();
  child_->set_parent(shared_from_this());
}
}  // namespace setter

namespace constructor {
struct Session;
struct Operation {
  explicit Operation(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  std::shared_ptr<Session> session_;  // expect: own-cycle
};
struct Session : std::enable_shared_from_this<Session> {
  void begin() { operations_.push_back(std::make_shared<Operation>(shared_from_this())); }
  std::vector<std::shared_ptr<Operation>> operations_;
};
}  // namespace constructor

namespace unique_child {
struct Session;
struct Reader {
  explicit Reader(std::shared_ptr<Session> session) : session_(session) {}
  std::shared_ptr<Session> session_;  // expect: own-cycle
};
struct Session : std::enable_shared_from_this<Session> {
  void begin() { reader_ = std::make_unique<Reader>(shared_from_this()); }
  std::unique_ptr<Reader> reader_;
};
}  // namespace unique_child

namespace callback_of_child {
struct Socket {
  void on_read(std::function<void()> handler) { handler_ = std::move(handler); }
  std::function<void()> handler_;
};
struct Client : std::enable_shared_from_this<Client> {
  std::shared_ptr<Socket> socket_ = std::make_shared<Socket>();
  void start() {
    socket_->on_read([self = shared_from_this()] { (void)self; });  // expect: own-cycle
  }
};
}  // namespace callback_of_child

namespace through_base {
struct Service {
  virtual ~Service() = default;
  std::shared_ptr<Service> next_;  // expect: deep-destruction
};
struct Host;
struct Worker : Service {
  std::shared_ptr<Host> host_;  // expect: own-cycle
};
struct Host : std::enable_shared_from_this<Host> {
  std::vector<std::shared_ptr<Service>> services_;
  void add() {
    auto worker = std::make_shared<Worker>();
    worker->host_ = shared_from_this();
    services_.push_back(worker);
  }
};
}  // namespace through_base

namespace injected {
struct Listener {
  virtual ~Listener() = default;
};
struct Bus {
  virtual ~Bus() = default;
  virtual void subscribe(std::shared_ptr<Listener> listener) = 0;
};
struct LocalBus : Bus {
  void subscribe(std::shared_ptr<Listener> listener) override { listeners_.push_back(std::move(listener)); }
  std::vector<std::shared_ptr<Listener>> listeners_;  // expect: own-cycle
};
struct Screen : Listener, std::enable_shared_from_this<Screen> {
  explicit Screen(std::shared_ptr<Bus> bus) : bus_(std::move(bus)) {}
  void open() { bus_->subscribe(shared_from_this()); }
  std::shared_ptr<Bus> bus_;
};
}  // namespace injected

namespace wrapped {
struct B;
struct A {
  std::optional<std::shared_ptr<B>> b;  // expect: own-cycle
};
struct B {
  std::variant<int, std::shared_ptr<A>> a;
};
void link() {
  auto a = std::make_shared<A>();
  auto b = std::make_shared<B>();
  b->a = a;
  a->b = b;
}
}  // namespace wrapped

namespace three {
struct C;
struct B;
struct A {
  std::shared_ptr<B> b;
};
struct B {
  std::shared_ptr<C> c;
};
struct C {
  std::map<int, std::shared_ptr<A>> back;  // expect: own-cycle
};
void link() {
  auto a = std::make_shared<A>();
  a->b = std::make_shared<B>();
  a->b->c = std::make_shared<C>();
  a->b->c->back.emplace(1, a);
}
}  // namespace three

namespace pimpl {
struct Impl;
struct Window : std::enable_shared_from_this<Window> {
  void open();
  std::unique_ptr<Impl> impl_;
};
struct Impl {
  std::shared_ptr<Window> owner_;  // expect: own-cycle
};
void Window::open() {
  impl_ = std::make_unique<Impl>();
  impl_->owner_ = shared_from_this();
}
}  // namespace pimpl

namespace factory {
struct Node {
  std::list<std::shared_ptr<Node>> children;
  std::shared_ptr<Node> parent;  // expect: own-cycle
};
std::shared_ptr<Node> make_child(const std::shared_ptr<Node>& parent) {
  auto child = std::make_shared<Node>();
  child->parent = parent;
  return child;
}
void grow(const std::shared_ptr<Node>& root) { root->children.push_back(make_child(root)); }
}  // namespace factory

namespace handmade {
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) { grab(); }
  Ref(const Ref& other) : object_(other.object_) { grab(); }
  Ref& operator=(const Ref& other) {
    drop();
    object_ = other.object_;
    grab();
    return *this;
  }
  ~Ref() { drop(); }
  T* operator->() const { return object_; }

 private:
  void grab() {
    if (object_) ++object_->count;
  }
  void drop() {
    if (object_ && --object_->count == 0) delete object_;
  }
  T* object_ = nullptr;
};
struct Room;
struct Door {
  int count = 0;
  Ref<Room> room;  // expect: own-cycle
};
struct Room {
  int count = 0;
  Ref<Door> door;
};
void build() {
  Ref<Room> room(new Room);
  Ref<Door> door(new Door);
  room->door = door;
  door->room = room;
}
}  // namespace handmade

// OMPL's ODESolver: the propagator is closed in last, but nobody else holds it.
namespace made_for_one_holder {
struct Propagator;
struct Space {
  void set(std::shared_ptr<Propagator> propagator) { propagator_ = std::move(propagator); }
  std::shared_ptr<Propagator> propagator_;
};
struct Setup {
  std::shared_ptr<Space> space_ = std::make_shared<Space>();
};
struct Solver {
  explicit Solver(std::shared_ptr<Space> space) : space_(std::move(space)) {}
  std::shared_ptr<Space> space_;  // expect: own-cycle
};
struct Propagator {
  explicit Propagator(std::shared_ptr<Solver> solver) : solver_(std::move(solver)) {}
  std::shared_ptr<Solver> solver_;
};
void plan(Setup& setup) {
  auto solver = std::make_shared<Solver>(setup.space_);
  setup.space_->set(std::make_shared<Propagator>(solver));
}
}  // namespace made_for_one_holder

namespace broken {
struct Child;
struct Parent : std::enable_shared_from_this<Parent> {
  void adopt();
  void stop() { child_.reset(); }
  std::shared_ptr<Child> child_;
};
struct Child {
  std::shared_ptr<Parent> parent_;  // expect-note: own-cycle
};
void Parent::adopt() {
  child_ = std::make_shared<Child>();
  child_->parent_ = shared_from_this();
}
}  // namespace broken

namespace broken_by_erase {
struct Session;
struct Server : std::enable_shared_from_this<Server> {
  void accept(int id);
  void close(int id) { sessions_.erase(id); }
  std::map<int, std::shared_ptr<Session>> sessions_;
};
struct Session {
  explicit Session(std::shared_ptr<Server> server) : server_(std::move(server)) {}
  std::shared_ptr<Server> server_;  // expect-note: own-cycle
};
void Server::accept(int id) { sessions_[id] = std::make_shared<Session>(shared_from_this()); }
}  // namespace broken_by_erase

// ---- nothing below leaks

namespace weak_back {
struct B;
struct A {
  std::shared_ptr<B> b;
};
struct B {
  std::weak_ptr<A> a;
};
void link() {
  auto a = std::make_shared<A>();
  a->b = std::make_shared<B>();
  a->b->a = a;
}
}  // namespace weak_back

namespace raw_back {
struct Session;
struct Operation {
  explicit Operation(Session& session) : session_(session) {}
  Session& session_;
};
struct Session : std::enable_shared_from_this<Session> {
  void begin() { operation_ = std::make_shared<Operation>(*this); }
  std::shared_ptr<Operation> operation_;
};
}  // namespace raw_back

namespace list_built_in_a_loop {
struct Node {
  std::shared_ptr<Node> next;  // expect: deep-destruction
};
std::shared_ptr<Node> build(int length) {
  auto head = std::make_shared<Node>();
  auto last = head;
  for (int i = 0; i < length; ++i) {
    last->next = std::make_shared<Node>();
    last = last->next;
  }
  return head;
}
}  // namespace list_built_in_a_loop

namespace tree {
struct Node {
  std::vector<std::shared_ptr<Node>> children;
  std::weak_ptr<Node> parent;
};
void add(const std::shared_ptr<Node>& parent) {
  auto child = std::make_shared<Node>();
  child->parent = parent;
  parent->children.push_back(child);
}
}  // namespace tree

namespace only_types {
struct B;
struct A {
  std::shared_ptr<B> b;
};
struct B {
  std::shared_ptr<A> a;
};
void one_way(const std::shared_ptr<A>& a) { a->b = std::make_shared<B>(); }
void other_way(const std::shared_ptr<B>& b) { b->a = std::make_shared<A>(); }
}  // namespace only_types

namespace siblings {
struct Node {
  std::shared_ptr<Node> next;  // expect: deep-destruction
};
struct Ring {
  std::vector<std::shared_ptr<Node>> nodes;
  void link(size_t i, size_t j) { nodes[i]->next = nodes[j]; }
};
}  // namespace siblings

namespace temporary {
struct Request;
struct Client : std::enable_shared_from_this<Client> {
  void send();
  int sent_ = 0;
};
struct Request {
  std::shared_ptr<Client> client_;
};
void Client::send() {
  auto request = std::make_shared<Request>();
  request->client_ = shared_from_this();
  ++sent_;
}
}  // namespace temporary

namespace silenced {
struct B;
struct A {
  std::shared_ptr<B> b;  // NOLINT: both live as long as the program
};
struct B {
  std::shared_ptr<A> a;
};
void link() {
  auto a = std::make_shared<A>();
  a->b = std::make_shared<B>();
  a->b->a = a;
}
}  // namespace silenced

// "Perhaps null" gives nothing up: i2pd's ClientContext passes a destination that may be null.
namespace perhaps_null {
struct Session;
struct Less {
  bool operator()(const std::shared_ptr<Session>& a, const std::shared_ptr<Session>& b) const { return a < b; }
};
struct Session {
  explicit Session(std::shared_ptr<void> owner) : owner_(std::move(owner)) {}
  std::shared_ptr<void> owner_;  // expect: own-cycle
};
struct Server : std::enable_shared_from_this<Server> {
  std::map<std::shared_ptr<Session>, int, Less> sessions_;
  void open() { sessions_.emplace(std::make_shared<Session>(shared_from_this()), 1); }
};
std::shared_ptr<Session> orphan(bool owned) {
  std::shared_ptr<Server> owner = nullptr;
  if (owned) owner = std::make_shared<Server>();
  return std::make_shared<Session>(owner);
}
std::shared_ptr<Session> another_orphan() { return std::make_shared<Session>(nullptr); }
}  // namespace perhaps_null

// Each visit wraps what the one below it has left; no wrapper is inside itself.
namespace copied_tree {
struct Wrap;
struct Quote;
struct Visitor {
  virtual ~Visitor() = default;
  virtual void visit(Wrap& wrap) = 0;
  virtual void visit(Quote& quote) = 0;
};
struct Node {
  virtual ~Node() = default;
  virtual void accept(Visitor& visitor) = 0;
};
struct Wrap : Node {
  explicit Wrap(const std::shared_ptr<Node>& inner) : inner_(inner) {}
  void accept(Visitor& visitor) override { visitor.visit(*this); }
  std::shared_ptr<Node> inner_;
};
struct Quote : Node {
  explicit Quote(const std::shared_ptr<Node>& inner) : inner_(inner) {}
  void accept(Visitor& visitor) override { visitor.visit(*this); }
  std::shared_ptr<Node> inner_;
};
std::shared_ptr<Node> wrapped(const std::shared_ptr<Node>& inner) { return std::make_shared<Wrap>(inner); }
struct Copier : Visitor {
  void visit(Wrap& wrap) override {
    wrap.inner_->accept(*this);
    found_ = wrapped(found_);
  }
  void visit(Quote& quote) override {
    quote.inner_->accept(*this);
    found_ = std::make_shared<Quote>(found_);
  }
  std::shared_ptr<Node> found_;
};
std::shared_ptr<Node> copy(Node& node) {
  Copier copier;
  node.accept(copier);
  return copier.found_;
}
}  // namespace copied_tree

namespace counted_by_base {
struct Counted {
  int references = 0;
  virtual ~Counted() = default;
};
class AnyRef {
 protected:
  AnyRef(Counted* p) : p_(p) {
    if (p_) ++p_->references;
  }
  AnyRef(const AnyRef& other) : AnyRef(other.p_) {}
  ~AnyRef() {
    if (p_ && --p_->references == 0) delete p_;
  }
  Counted* p_;
};
template <class T>
struct Ref : AnyRef {
  Ref(T* p = nullptr) : AnyRef(p) {}
  Ref(const Ref& other) = default;
  Ref& operator=(Ref other) {
    std::swap(p_, other.p_);
    return *this;
  }
  T* operator->() const { return static_cast<T*>(p_); }
};
struct Mapper;
struct Filter : Counted {
  Ref<Mapper> mapper;
};
struct Mapper : Counted {
  Ref<Filter> input;  // expect: own-cycle
};
void connect() {
  Ref<Filter> filter(new Filter);
  Ref<Mapper> mapper(new Mapper);
  filter->mapper = mapper;
  mapper->input = filter;
}
}  // namespace counted_by_base
