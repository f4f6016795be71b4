// References change their holders two at a time: sorted, reversed, rotated, also in rows of pointers without a gap and
// by a pointer of the program's own, which tells a swap as two moves. The one that is lost was taken by subscribe().
// expect: leaked-reference type=Message
// taken: subscribe lost_after_swaps.cc:45
#include <algorithm>
#include <boost/intrusive_ptr.hpp>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "../../../runtime/include/reftally.h"

struct Message {
  explicit Message(int n) : number(n) {}
  int number;
};
struct Texture {
  int references = 0, number = 0;
};
static void intrusive_ptr_add_ref(Texture* texture) { ++texture->references; }
static void intrusive_ptr_release(Texture* texture) {
  if (--texture->references == 0) delete texture;
}
struct Handle {  // of a Texture, by hand
  explicit Handle(Texture* t) : texture(t) {
    ++t->references;
    reftally_acquire(t, &texture);
  }
  ~Handle() {
    reftally_release(texture, &texture, texture->references == 1);
    intrusive_ptr_release(texture);
  }
  Texture* texture;
};

static std::vector<std::shared_ptr<Message>> messages;
static std::vector<boost::intrusive_ptr<Texture>> textures;
Handle* handles[2];
alignas(std::shared_ptr<Message>) static unsigned char slot[sizeof(std::shared_ptr<Message>)];

__attribute__((noinline)) static void subscribe(const std::vector<std::shared_ptr<Message>>& from) {
  for (const std::shared_ptr<Message>& message : from) {
    // One line: what takes the reference.
    messages.push_back(message);
  }
}

int main() {
  std::vector<std::shared_ptr<Message>> made;
  for (int i = 0; i < 50; i++) made.push_back(std::make_shared<Message>(i * 37 % 50));
  subscribe(made);
  std::sort(messages.begin(), messages.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  std::reverse(messages.begin(), messages.end());
  std::rotate(messages.begin(), messages.begin() + 7, messages.end());
  for (int i = 0; i < 50; i++) {
    textures.emplace_back(new Texture);
    textures.back()->number = i * 37 % 50;
  }
  const std::vector<boost::intrusive_ptr<Texture>> same = textures;
  std::sort(textures.begin(), textures.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
  for (int i = 0; i < 2; i++) handles[i] = new Handle(textures[i].get());
  std::swap(handles[0]->texture, handles[1]->texture);
  reftally_move(handles[0]->texture, &handles[1]->texture, &handles[0]->texture);
  reftally_move(handles[1]->texture, &handles[0]->texture, &handles[1]->texture);
  new (slot) std::shared_ptr<Message>(std::move(messages[3]));
  messages.clear();
  made.clear();
  for (unsigned char& byte : slot) byte = 0;
}
