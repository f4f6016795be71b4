// An aliasing pointer counts for the whole, and is the one that is lost.
// expect: leaked-reference type=Document
// taken: title_of lost_alias.cc:15
#include <memory>
#include <new>

struct Document {
  int pages = 0;
  int title = 0;
};

alignas(std::shared_ptr<int>) static unsigned char slot[sizeof(std::shared_ptr<int>)];

__attribute__((noinline)) static void title_of(const std::shared_ptr<Document>& document) {
  new (slot) std::shared_ptr<int>(document, &document->title);
}

int main() {
  auto document = std::make_shared<Document>();
  auto reader = document;
  title_of(document);
  for (unsigned char& byte : slot) byte = 0;
}
