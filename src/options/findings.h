#pragma once

#include <string>
#include <string_view>

#include "options/config.h"
#include "options/issue.h"

namespace adit::options {

// Collects issues about options by name; place and text of the line are those where the option was
// last said.
class Findings {
 public:
  Findings(const Config& config, Issues& issues) : config_(config), issues_(issues) {}

  void error(std::string_view option, std::string message, std::string advice = {}) const {
    add(Issue::Severity::error, option, std::move(message), std::move(advice));
  }
  // Of one of several lines.
  void error_at(const Location& at, std::string message, std::string advice) const {
    issues_.push_back({Issue::Severity::error, at, {}, std::move(message), std::move(advice)});
  }
  void warn(std::string_view option, std::string message, std::string advice = {}) const {
    add(Issue::Severity::warning, option, std::move(message), std::move(advice));
  }
  void note(std::string_view option, std::string message, std::string advice = {}) const {
    add(Issue::Severity::note, option, std::move(message), std::move(advice));
  }
  [[nodiscard]] bool said(std::string_view option) const {
    return config_.said_of(option) != nullptr;
  }

 private:
  void add(Issue::Severity severity, std::string_view option, std::string message,
           std::string advice) const {
    Issue issue{severity, {}, {}, std::move(message), std::move(advice)};
    if (const Said* said = config_.said_of(option)) {
      issue.at = said->at;
      issue.line = said->line;
    }
    issues_.push_back(std::move(issue));
  }

  const Config& config_;
  Issues& issues_;
};

}  // namespace adit::options
