#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/cli/command.hpp"
#include "common/data/json.hpp"
#include "common/gcloud/gcloud.hpp"
#include "common/kube/kubectl.hpp"
#include "common/registry/inventory.hpp"

// What the verbs of all plugins share.
namespace dr::cli {

// kubectl pinned to the target of the global options; -v prints its calls.
kube::Kubectl connect(Runtime& runtime, const GlobalOptions& globals);

// gcloud as the global options name it; -v prints its calls. Throws Error(usage) when there is
// none.
gcloud::Gcloud make_gcloud(Runtime& runtime, const GlobalOptions& globals);

// The inventory that `kubectl arsnap snapshot` wrote; nullopt when there is none. One that cannot
// be used is nullopt too, with a warning: it is a help, not a condition.
std::optional<registry::Inventory> find_inventory(Runtime& runtime, const GlobalOptions& globals);

// The value of a duration flag. Throws Error(usage) naming the flag.
Millis duration_flag(std::string_view flag, const std::string& value);

// Prints a result: `text` as the table form, else `document` with its apiVersion, as JSON or YAML.
void print_result(Runtime& runtime, const GlobalOptions& globals, std::string_view kind,
                  Json document, const std::string& text);

// The same of a document that is complete.
void print_document(Runtime& runtime, const GlobalOptions& globals, const Json& document);

// A value of a difference, short enough for a table; "<absent>" when there is none.
std::string shown(const std::optional<Json>& value);

}  // namespace dr::cli
