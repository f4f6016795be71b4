/* A node of a C program that counts its references by hand, told to Reftally by its fields. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reftally.h"

struct node {
  unsigned refs;
  unsigned number;
  struct node* next;
  struct node* parent; /* looks on */
  struct node** children;
  size_t child_count;
  char* title;
};

static void node_release(struct node* node);

static void node_free(struct node* node) {
  if (node->next != NULL) node_release(node->next);
  for (size_t i = 0; i < node->child_count; i++) node_release(node->children[i]);
  free(node->children);
  free(node->title);
  free(node);
}

static const struct reftally_field node_fields[] = {
    REFTALLY_FIELD(struct node, next, REFTALLY_STRONG),
    REFTALLY_FIELD(struct node, parent, REFTALLY_WEAK),
    REFTALLY_ARRAY(struct node, children, child_count, REFTALLY_STRONG),
    REFTALLY_FIELD(struct node, title, REFTALLY_OWNED),
};
static const struct reftally_type node_type = {
    REFTALLY_TYPE(struct node, "node", refs), 0, 0, (void (*)(void*))node_free, node_fields, 4, NULL};

__attribute__((noinline, unused)) static struct node* node_new(unsigned number) {
  struct node* node = calloc(1, sizeof *node);
  node->refs = 1;
  node->number = number;
  node->title = strdup("untitled node");
  reftally_object(node, &node_type);
  return node;
}

__attribute__((noinline, unused)) static struct node* node_take(struct node* node, struct node** holder) {
  node->refs++;
  reftally_acquire(node, holder);
  return node;
}

__attribute__((noinline, unused)) static void node_give(struct node* node, struct node** holder) {
  reftally_release(node, holder, node->refs == 1);
  if (--node->refs == 0) node_free(node);
}

__attribute__((noinline)) static void node_release(struct node* node) { node_give(node, NULL); }

__attribute__((noinline, unused)) static void node_add_child(struct node* node, struct node* child) {
  node->children = realloc(node->children, (node->child_count + 1) * sizeof *node->children);
  node->children[node->child_count] = node_take(child, &node->children[node->child_count]);
  node->child_count++;
}
