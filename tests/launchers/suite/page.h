#pragma once

#include <memory>
#include <vector>

struct Page;

struct Document {
  std::vector<std::shared_ptr<Page>> pages;
};

struct Page {
  std::shared_ptr<Document> document;
};

inline std::shared_ptr<Document> make_document(int pages) {
  auto document = std::make_shared<Document>();
  for (int i = 0; i < pages; i++) document->pages.push_back(std::make_shared<Page>());
  return document;
}

struct Node {
  std::shared_ptr<Node> next;
};
