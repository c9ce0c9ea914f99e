#pragma once

// What is wrong with a configuration, or will surprise its owner, before anything runs.
//
//   lint_text   what the text says by itself: options::check and checks of our own
//   lint_file   that, and what is found when the files it names are looked at

#include <functional>
#include <optional>
#include <string>

#include "base/rng.h"
#include "base/time.h"
#include "lint/report.h"
#include "options/parser.h"
#include "ports/store_port.h"

namespace adit::lint {

// The host as lint sees it. Whoever is referred to must outlive the call.
struct Surroundings {
  ports::StorePort& store;
  Rng& rng;
  WallTime now;
  // Permission bits of a file; nothing when it is not there.
  std::function<std::optional<unsigned>(const std::string& path)> mode_of;
  std::function<bool(const std::string&name)> has_user, has_group;
};

// A configuration that was read, and what was found in it.
struct Linted {
  options::Parsed parsed;  // completed; its issues are among the findings
  Report report;
};

// text of the file called source; files: what it includes, nullptr: nothing can be.
[[nodiscard]] Linted lint_text(std::string_view text, const std::string& source,
                               options::Files* files = nullptr);
// missing: what a start would say of files that are not there.
[[nodiscard]] Linted lint_file(
    std::string_view text, const std::string& source, options::Files& files,
    const Surroundings& around,
    const std::function<options::Issues(const options::Config&)>& missing);

// Whether the two can talk to each other: a server and a client in whichever order, or the two ends
// of a static key. Keys and certificates count where lint_file has read them. Nothing where one has
// errors.
[[nodiscard]] std::optional<Talk> compare(const Linted& one, const Linted& other);

}  // namespace adit::lint
