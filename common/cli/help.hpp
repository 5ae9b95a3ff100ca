#pragma once

#include <string>

#include "common/base/error.hpp"
#include "common/cli/command.hpp"
#include "common/cli/page.hpp"

namespace dr::cli {

// A page in the form of kubectl's --help, in lines of at most 80 columns but for the examples.
std::string help_text(const Page& page);

// Error(usage) whose next step is the help page of `app`, after "did you mean" when there is a
// suggestion.
Error usage_error(const CLI::App& app, const std::string& cause,
                  const std::string& suggestion = {});

// The verb `help`; its example asks about `verb`.
CommandSpec help_command(const std::string& program, const std::string& verb);

// The verb `options`: the flags that every verb takes, as `kubectl options`. Lists do not show it.
CommandSpec options_command(const std::string& program);

}  // namespace dr::cli
