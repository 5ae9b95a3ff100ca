#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/cli/command.hpp"
#include "tests/unit/support/fake_clock.hpp"
#include "tests/unit/support/fake_process_runner.hpp"

namespace dr::cli {

// Runs a small plugin "lkg" with the verbs `status` and `history list|show` in a directory of its
// own.
class RunTest : public testing::Test {
 protected:
  struct StatusOptions {
    std::string wait = "5m";
    int keep = 30;
    bool dry_run = false;
    std::vector<std::string> exclude;
    std::string id;
  };

  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "dr-cli-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  ExitCode run(const std::vector<std::string>& args) {
    out.str("");
    err.str("");
    const std::vector<CommandSpec> commands{status_command(), history_command(), report_command()};
    const Program program{"lkg", "Keep and restore the last known good.", commands};
    const os::Environment environment(variables);
    Runtime runtime{runner, clock, environment, terminal};
    return cli::run(args, program, runtime, directory);
  }

  void make_executable(const std::filesystem::path& path) {
    std::ofstream(path) << "#!/bin/sh\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  std::filesystem::path directory;
  std::map<std::string, std::string> variables;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err, "kubectl lkg"};
  test::FakeProcessRunner runner;
  test::FakeClock clock;

  // What the last run gave to a verb, and what the verb shall do.
  GlobalOptions given;
  StatusOptions status;
  std::string shown_id;
  std::string report_format;
  std::map<std::string, Completer> completers;  // of `report`
  std::map<std::string, Completer> status_completers;
  std::function<ExitCode()> body = [] { return ExitCode::ok; };

 private:
  CommandSpec status_command() {
    const auto setup = [this](CLI::App& app) -> Action {
      const auto options = std::make_shared<StatusOptions>();
      app.add_option("--wait", options->wait, "How long to wait");
      app.add_option("--keep", options->keep, "How many to keep");
      app.add_flag("--dry-run", options->dry_run, "Change nothing");
      app.add_option("-x,--exclude", options->exclude, "Leave out KIND/NAME");
      app.add_option("ID", options->id, "Which one, the newest when not given");
      return [this, options](Runtime&, const GlobalOptions& global) {
        given = global;
        status = *options;
        return body();
      };
    };
    CommandSpec spec{"status", "Show the state",
                     "Show the state of everything.\n\nIt only reads.\n",
                     "  # Wait for one minute\n  kubectl lkg status --wait 1m\n", setup};
    spec.completers = status_completers;
    spec.group = "Safety Commands";
    return spec;
  }

  CommandSpec history_command() {
    const auto setup = [this](CLI::App& app) -> Action {
      const auto id = std::make_shared<std::string>();
      app.add_subcommand("list", "List the kept ones");
      CLI::App* show = app.add_subcommand("show", "Show one");
      show->add_option("ID", *id)->required();
      app.require_subcommand(1);
      return [this, id](Runtime&, const GlobalOptions& global) {
        given = global;
        shown_id = *id;
        return body();
      };
    };
    const char* examples =
        "  # All\n  kubectl lkg history list\n\n  # One\n  kubectl lkg history show x -o tree";
    return {"history", "The kept ones", "", examples, setup, {"tree"}};
  }

  // A verb with an -o of its own, and with a flag for each way of completing values.
  CommandSpec report_command() {
    const auto setup = [this](CLI::App& app) -> Action {
      const auto format = std::make_shared<std::string>("md");
      app.add_option("-o,--output", *format, "Form of the report")
          ->check(CLI::IsMember({"md", "html", "json"}));
      app.add_option("--from")->type_name("LKG");
      app.add_option("--file")->type_name("FILE");
      app.add_option("--mode")->type_name("auto|always|never");
      app.add_option("--word");
      return [this, format](Runtime&, const GlobalOptions& global) {
        given = global;
        report_format = *format;
        return body();
      };
    };
    return {"report", "Print the report", "", "", setup, {"wide"}, completers};
  }
};

}  // namespace dr::cli
