#pragma once

#include <string>
#include <vector>

namespace adit::doctor {

enum class State { ok, failed, not_tested };

// One thing that was looked at. ok never stands without evidence.
struct Stage {
  std::string id;    // "handshake", "lan 192.168.1.0/24": for programs
  std::string name;  // for people
  State state = State::not_tested;
  std::string evidence;  // what was seen; with not_tested why nothing was
  std::string cure = {};
};

struct Report {
  std::string subject;  // "server /etc/adit"
  std::vector<Stage> stages = {};
  std::vector<std::string> notes = {};

  void ok(std::string id, std::string name, std::string evidence, std::string cure = {});
  void failed(std::string id, std::string name, std::string evidence, std::string cure);
  void not_tested(std::string id, std::string name, std::string why, std::string cure = {});

  [[nodiscard]] bool has_failed() const;
  [[nodiscard]] const Stage* find(std::string_view id) const;  // nullptr: no such stage
};

// For a person. width: columns, 0 for lines as long as they are. colour: for a terminal.
[[nodiscard]] std::string render_table(const Report& report, std::size_t width, bool colour);
[[nodiscard]] std::string render_json(const Report& report);

}  // namespace adit::doctor
