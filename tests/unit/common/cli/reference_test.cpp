#include "common/cli/reference.hpp"

#include <gmock/gmock.h>

namespace dr::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Page nested_page() {
  Page page;
  page.name = "kubectl lkg history show";
  page.root = "kubectl lkg";
  page.summary = "Show one";
  page.description = "Show <id> of `lkg_*`, not *all*.\n\n.hidden is left out.";
  page.examples = "# One\nkubectl lkg history show x\n\n# Dotted\n.y \\\n  --z='a b'";
  page.usage = "ID [options]";
  page.arguments = {{"ID", "Which one"}};
  page.flags = {{"-f, --full", "'a-b'", "Show it whole"}};
  page.commands = {{"Other Commands", {{"more", "Show more_of it"}}}};
  return page;
}

TEST(Reference, NamesFilesByThePath) {
  Page page = nested_page();
  EXPECT_EQ(markdown_name(page), "lkg_history_show.md");
  EXPECT_EQ(man_name(page), "kubectl-lkg-history-show.1");
  page.name = page.root;
  EXPECT_EQ(markdown_name(page), "lkg.md");
  EXPECT_EQ(man_name(page), "kubectl-lkg.1");
}

TEST(Reference, MarkdownHasEveryPart) {
  EXPECT_THAT(markdown(nested_page()),
              HasSubstr("# kubectl lkg history show\n\nShow one\n"
                        "\n## Usage\n\n```\nkubectl lkg history show ID [options]\n```\n"
                        "\n## Description\n\n"
                        "Show \\<id> of `lkg_*`, not \\*all\\*.\n\n.hidden is left out.\n"
                        "\n## Examples\n\n```sh\n# One\nkubectl lkg history show x\n"
                        "\n# Dotted\n.y \\\n  --z='a b'\n```\n"
                        "\n## Other Commands\n\n"
                        "- [more](lkg_history_show_more.md): Show more\\_of it\n"
                        "\n## Arguments\n\n- `ID`: Which one\n"
                        "\n## Options\n\n- `-f, --full='a-b'`: Show it whole\n"
                        "\nSee also: [kubectl lkg history](lkg_history.md), "
                        "[options of all commands](lkg_options.md), "
                        "[exit codes](../exit-codes.md).\n"));
}

// A line of text that begins with a dot would be taken for a request and vanish, and a plain
// hyphen or quotation mark is typeset as another character, which a shell does not take.
TEST(Reference, ManPageHasEveryPart) {
  const std::string page = man_page(nested_page());
  EXPECT_THAT(page, HasSubstr(".TH KUBECTL\\-LKG\\-HISTORY\\-SHOW 1 "));
  EXPECT_THAT(page, HasSubstr(".SH NAME\nkubectl\\-lkg\\-history\\-show \\- Show one\n"
                              ".SH SYNOPSIS\n\\fBkubectl lkg history show\\fR ID [options]\n"
                              ".SH DESCRIPTION\nShow <id> of \\fBlkg_*\\fR, not *all*.\n"
                              ".PP\n\\&.hidden is left out.\n"
                              ".SH COMMANDS\n.SS Other Commands\n"
                              ".TP\n\\fBmore\\fR\nShow more_of it\n"
                              ".SH ARGUMENTS\n.TP\n\\fIID\\fR\nWhich one\n"
                              ".SH OPTIONS\n"
                              ".TP\n\\fB\\-f, \\-\\-full\\fR=\\(aqa\\-b\\(aq\nShow it whole\n"
                              ".SH \"EXIT STATUS\"\n.TP\n\\fB0\\fR\nDone and verified.\n"));
  EXPECT_THAT(page, HasSubstr("SIGHUP, SIGINT or SIGTERM.\n"
                              ".SH EXAMPLES\n.nf\n# One\nkubectl lkg history show x\n"
                              "\n# Dotted\n\\&.y \\e\n  \\-\\-z=\\(aqa b\\(aq\n.fi\n"
                              ".SH \"SEE ALSO\"\n"
                              ".BR kubectl\\-lkg\\-history (1),\n"
                              ".BR kubectl\\-lkg\\-options (1),\n"
                              ".BR kubectl\\-lkg\\-history\\-show\\-more (1)\n"));
}

TEST(Reference, SaysNothingTwiceAndLeavesOutWhatIsNotThere) {
  Page page = nested_page();
  page.description = page.summary;
  page.flags.clear();
  page.arguments.clear();
  page.commands.clear();
  page.examples.clear();
  for (const auto* heading : {"## Description", "## Options", "## Arguments", "## Examples"}) {
    EXPECT_THAT(markdown(page), Not(HasSubstr(heading)));
  }
  for (const auto* heading : {".SH OPTIONS", ".SH ARGUMENTS", ".SH COMMANDS", ".SH EXAMPLES"}) {
    EXPECT_THAT(man_page(page), Not(HasSubstr(heading)));
  }
  EXPECT_THAT(man_page(page), StartsWith(".\\\" Made from the table of commands"));
}

}  // namespace
}  // namespace dr::cli
