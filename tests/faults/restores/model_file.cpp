#include "tests/faults/restores/model_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "common/base/text.hpp"
#include "tests/faults/restores/oracle.hpp"

namespace dr::test {
namespace {

[[noreturn]] void throw_errno(const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), path.string());
}

Json to_json(const StoreEvent& event) {
  return {{"revision", event.revision},  {"path", event.path},     {"object", *event.object},
          {"deleted", event.is_deleted}, {"writer", event.writer}, {"time", event.time}};
}

StoreEvent event_of(const Json& line) {
  return {line.at("revision").get<std::uint64_t>(),
          data::string_at(line, {"path"}),
          std::make_shared<const Json>(line.at("object")),
          line.at("deleted").get<bool>(),
          data::string_at(line, {"writer"}),
          data::string_at(line, {"time"})};
}

Json to_json(const CallRecord& call) {
  Json line = {{"args", call.args},
               {"input", call.input},
               {"fault", call.fault},
               {"began", call.began},
               {"ended", call.ended}};
  // What other answers said does not matter to the judge.
  if (call.answer) {
    line["exitCode"] = call.answer->exit_code;
    line["out"] = is_switch_read(call) ? call.answer->out : "";
    line["err"] = call.answer->err;
  }
  return line;
}

CallRecord call_of(const Json& line) {
  os::Command command;
  command.args = line.at("args").get<std::vector<std::string>>();
  command.input = line.at("input").get<std::string>();
  CallRecord call = record_of(command);
  call.fault = line.at("fault").get<std::string>();
  call.began = line.at("began").get<std::uint64_t>();
  call.ended = line.at("ended").get<std::uint64_t>();
  if (line.contains("exitCode")) {
    call.answer = failed(line.at("exitCode").get<int>(), line.at("err").get<std::string>());
    call.answer->out = line.at("out").get<std::string>();
  }
  return call;
}

}  // namespace

ModelFile::ModelFile(const std::filesystem::path& path)
    : m_file(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (m_file < 0 || flock(m_file, LOCK_EX) != 0) throw_errno(path);
  std::string text;
  char part[65536];
  ssize_t size = 0;
  while ((size = read(m_file, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(size));
  if (size < 0) throw_errno(path);
  for (const auto& line : split(trimmed(text), '\n')) {
    const Json value = data::read_json(line, path.string());
    if (value.contains("revision")) {
      m_events.push_back(event_of(value));
    } else {
      m_calls.push_back(call_of(value));
    }
  }
}

ModelFile::~ModelFile() {
  close(m_file);
}

// In one write, so that a kill leaves the line whole or not there.
void ModelFile::append(const Json& line) {
  const std::string text = data::write_json(line, -1) + "\n";
  if (write(m_file, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_errno("the model's file");
}

void ModelFile::add(const FakeCluster& cluster) {
  const auto& events = cluster.store().events();
  for (std::size_t i = m_events.size(); i < events.size(); ++i) {
    append(to_json(events[i]));
    m_events.push_back(events[i]);
  }
}

void ModelFile::add(const CallRecord& call) {
  append(to_json(call));
  m_calls.push_back(call);
}

}  // namespace dr::test
