#include "plugins/arsnap/inventory_diff.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

namespace dr::arsnap {
namespace {

using registry::Inventory;
using registry::ListedImage;
using registry::Repository;

// The images and tags of the repositories that are compared.
struct View {
  std::map<std::string, const ListedImage*> images;                 // by name@digest
  std::map<std::pair<std::string, std::string>, std::string> tags;  // name and tag: name@digest
};

View view_of(const Inventory& inventory, const std::set<Repository>& compared) {
  View view;
  for (const auto& image : inventory.images) {
    const auto& repo = image.row().at("_repo").get_ref<const std::string&>();
    if (!compared.contains({inventory.location, inventory.project, repo})) continue;
    view.images[image.text()] = &image;
    for (auto& tag : image.tags()) view.tags[{image.name(), std::move(tag)}] = image.text();
  }
  return view;
}

std::set<Repository> repositories_of(const Inventory& inventory) {
  std::set<Repository> repositories;
  for (const auto& repo : inventory.repos) {
    repositories.insert({inventory.location, inventory.project, repo});
  }
  return repositories;
}

std::string gap(const Inventory& inventory, const Repository& repository, std::string_view which) {
  const std::string text = inventory.gap(repository);
  return text.empty() ? text : fmt::format("{}: {} inventory: {}", repository.path(), which, text);
}

// Fills in what is not compared, and returns the rest.
std::set<Repository> comparable(const Inventory& before, const Inventory& after,
                                std::vector<std::string>& not_compared) {
  std::set<Repository> all = repositories_of(before);
  all.merge(repositories_of(after));
  std::set<Repository> compared;
  for (const auto& repository : all) {
    std::string reason = gap(before, repository, "old");
    if (reason.empty()) reason = gap(after, repository, "new");
    if (reason.empty()) {
      compared.insert(repository);
    } else {
      not_compared.push_back(std::move(reason));
    }
  }
  return compared;
}

void compare_images(const View& here, const View& there, Change change,
                    std::vector<InventoryChange>& changes) {
  for (const auto& [text, image] : here.images) {
    if (!there.images.contains(text)) changes.push_back({change, text, {}, {}, image->tags()});
  }
}

// A tag that came or went with its image is told with the image.
void compare_tags(const View& before, const View& after, std::vector<InventoryChange>& changes) {
  for (const auto& [name_and_tag, image] : after.tags) {
    const auto old = before.tags.find(name_and_tag);
    if (old == before.tags.end()) {
      if (before.images.contains(image)) {
        changes.push_back({Change::tag_added, image, name_and_tag.second, {}, {}});
      }
    } else if (old->second != image) {
      changes.push_back({Change::tag_moved, image, name_and_tag.second, old->second, {}});
    }
  }
  for (const auto& [name_and_tag, image] : before.tags) {
    if (!after.tags.contains(name_and_tag) && after.images.contains(image)) {
      changes.push_back({Change::tag_removed, image, name_and_tag.second, {}, {}});
    }
  }
}

}  // namespace

std::string_view name_of(Change change) {
  switch (change) {
    case Change::came:
      return "came";
    case Change::went:
      return "went";
    case Change::tag_added:
      return "tag-added";
    case Change::tag_removed:
      return "tag-removed";
    case Change::tag_moved:
      break;
  }
  return "tag-moved";
}

InventoryDiff compare(const Inventory& before, const Inventory& after) {
  InventoryDiff diff;
  const auto compared = comparable(before, after, diff.not_compared);
  const View old_view = view_of(before, compared);
  const View new_view = view_of(after, compared);
  compare_images(new_view, old_view, Change::came, diff.changes);
  compare_images(old_view, new_view, Change::went, diff.changes);
  compare_tags(old_view, new_view, diff.changes);
  return diff;
}

}  // namespace dr::arsnap
