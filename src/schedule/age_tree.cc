#include "schedule/age_tree.h"

#include <algorithm>

namespace distaff {

void AgeTree::put(Id id, std::uint64_t age, TimePoint from) {
  if (id >= nodes_.size()) nodes_.resize(id + 1);
  if (nodes_[id].priority != 0) {
    if (nodes_[id].age == age) {
      if (nodes_[id].from != from) retime(root_, id, from);
      return;
    }
    root_ = erase(root_, nodes_[id].age);
  }
  random_ ^= random_ << 13;  // xorshift: never zero
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  nodes_[id] = Node{age, from, from, kNone, kNone, random_};
  root_ = insert(root_, id);
}

void AgeTree::remove(Id id) {
  if (!contains(id)) return;
  root_ = erase(root_, nodes_[id].age);
  nodes_[id].priority = 0;
}

std::optional<AgeTree::Id> AgeTree::oldest_at(TimePoint now) const {
  Id id = root_;
  if (earliest_of(id) > now || id == kNone) return std::nullopt;
  for (;;) {
    const Node& node = nodes_[id];
    if (node.left != kNone && nodes_[node.left].earliest <= now) {
      id = node.left;
    } else if (node.from <= now) {
      return id;
    } else {
      id = node.right;
    }
  }
}

void AgeTree::refresh(Node& node) const {
  node.earliest = std::min({node.from, earliest_of(node.left), earliest_of(node.right)});
}

AgeTree::Id AgeTree::insert(Id root, Id id) {
  Node& added = nodes_[id];
  Id* link = &root;
  while (*link != kNone && nodes_[*link].priority >= added.priority) {
    Node& node = nodes_[*link];
    node.earliest = std::min(node.earliest, added.from);
    link = added.age < node.age ? &node.left : &node.right;
  }
  split(*link, added.age, added.left, added.right);
  refresh(added);
  *link = id;
  return root;
}

AgeTree::Id AgeTree::erase(Id root, std::uint64_t age) {
  Node& node = nodes_[root];
  if (node.age == age) return merge(node.left, node.right);
  if (age < node.age) {
    node.left = erase(node.left, age);
  } else {
    node.right = erase(node.right, age);
  }
  refresh(node);
  return root;
}

void AgeTree::retime(Id root, Id id, TimePoint from) {
  Node& node = nodes_[root];
  if (root == id) {
    node.from = from;
  } else {
    retime(nodes_[id].age < node.age ? node.left : node.right, id, from);
  }
  refresh(node);
}

// Parts a tree into those older than `age` and the others.
void AgeTree::split(Id root, std::uint64_t age, Id& older, Id& younger) {
  if (root == kNone) {
    older = younger = kNone;
    return;
  }
  Node& node = nodes_[root];
  if (node.age < age) {
    older = root;
    split(node.right, age, node.right, younger);
  } else {
    younger = root;
    split(node.left, age, older, node.left);
  }
  refresh(node);
}

AgeTree::Id AgeTree::merge(Id older, Id younger) {
  if (older == kNone) return younger;
  if (younger == kNone) return older;
  Node& a = nodes_[older];
  Node& b = nodes_[younger];
  if (a.priority >= b.priority) {
    a.right = merge(a.right, younger);
    refresh(a);
    return older;
  }
  b.left = merge(older, b.left);
  refresh(b);
  return younger;
}

}  // namespace distaff
