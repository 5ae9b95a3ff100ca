#pragma once

#include <string>

#include "common/cli/page.hpp"

namespace dr::cli {

// The forms of a page that are files: docs/commands/*.md and man/*.1. The name in them is always
// "kubectl <plugin>".
std::string markdown_name(const Page& page);  // "lkg_history_show.md"
std::string markdown(const Page& page);
std::string man_name(const Page& page);  // "kubectl-lkg-history-show.1"
std::string man_page(const Page& page);

}  // namespace dr::cli
