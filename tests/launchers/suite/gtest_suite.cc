#include <gtest/gtest.h>
#ifdef LISTENS
#include <reftally_gtest.hpp>
#endif

#include "page.h"

TEST(Document, HasPages) { EXPECT_EQ(make_document(3)->pages.size(), 3u); }

TEST(Page, KnowsItsDocument) {
  const auto document = make_document(1);
  document->pages[0]->document = document;
  EXPECT_EQ(document->pages[0]->document, document);
}
