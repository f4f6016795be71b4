// A document owns its pages, and every page owns its document: nobody is ever the last to let go.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

class Document;

class Page {
 public:
  Page(std::shared_ptr<Document> document, int number) : document_(std::move(document)), number_(number) {}
  std::string title() const;

 private:
  std::shared_ptr<Document> document_;
  int number_;
};

class Document : public std::enable_shared_from_this<Document> {
 public:
  explicit Document(std::string name) : name_(std::move(name)) {}
  ~Document() { std::cout << name_ << " closed\n"; }

  void add_page() { pages_.push_back(std::make_shared<Page>(shared_from_this(), static_cast<int>(pages_.size()) + 1)); }
  const Page& page(size_t index) const { return *pages_.at(index); }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::vector<std::shared_ptr<Page>> pages_;
};

std::string Page::title() const { return document_->name() + ", page " + std::to_string(number_); }

int main() {
  auto document = std::make_shared<Document>("report");
  document->add_page();
  document->add_page();
  std::cout << document->page(1).title() << "\n";
}  // "report closed" is never printed
