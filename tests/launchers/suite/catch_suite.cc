#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#ifdef LISTENS
#include <reftally_catch2.hpp>
#endif

#include "page.h"

TEST_CASE("a document has pages") { CHECK(make_document(3)->pages.size() == 3); }

TEST_CASE("a page knows its document") {
  const auto document = make_document(1);
  document->pages[0]->document = document;
  CHECK(document->pages[0]->document == document);
}

TEST_CASE("a node that keeps itself is known") {
  auto node = std::make_shared<Node>();
  node->next = node;
  CHECK(node->next == node);
}
