// expect: none
// Plain pointers that only look on: the vote sees too few of them to tell, and learns more when it walks what it
// counted.
#include <cstdlib>
#include <new>

struct Node {
  int ref_count = 1;
  Node* watched = nullptr;
};

Node* g_nodes[12];

// Room for a tail that no type tells of.
static Node* make(std::size_t tail) { return new (std::malloc(sizeof(Node) + tail)) Node; }

int main() {
  for (int i = 0; i < 12; ++i) g_nodes[i] = make(i < 3 ? 0 : 16);
  for (int i = 0; i < 3; ++i) {
    g_nodes[i]->watched = g_nodes[i + 3];
    ++g_nodes[i + 3]->ref_count;  // for somebody nobody sees: it looks as if `watched` paid
  }
  for (int i = 3; i < 6; ++i) g_nodes[i]->watched = g_nodes[i + 3];
}
