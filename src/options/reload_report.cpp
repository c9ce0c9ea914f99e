#include "options/reload_report.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace adit::options {

namespace {

using Outcome = ReloadReport::Outcome;

struct Section {
  Change effect;
  const char* done;
  const char* planned;
};

constexpr Section sections[] = {
    {Change::now, "applied now", "would be applied now"},
    {Change::handshakes, "counts for new handshakes: new sessions, and renewed keys",
     "would count for new handshakes: new sessions, and renewed keys"},
    {Change::new_sessions, "new sessions get it; connected clients keep what they have",
     "new sessions would get it; connected clients keep what they have"},
    {Change::restart, "needs a restart, and was left as it is", "needs a restart"},
    {Change::nothing, "nothing acts on it here", "nothing acts on it here"},
};

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// "+" is new, "-" is gone.
std::string text_of(const Changed& changed) {
  std::string text;
  if (changed.line.empty()) {
    text = "- " + changed.was;
  } else {
    text = (changed.was.empty() ? "+ " : "  ") + changed.line;
    if (!changed.was.empty() && changed.was != changed.line)
      text += "   (was: " + changed.was + ")";
  }
  if (!changed.note.empty()) text += "   - " + changed.note;
  return printable(text);
}

// Without the folder that the headline names.
std::string place_of(const Changed& changed, const ReloadReport& report) {
  const std::string folder = report.configuration.substr(0, report.configuration.rfind('/') + 1);
  std::string place = changed.at.text();
  if (!folder.empty() && place.starts_with(folder)) place.erase(0, folder.size());
  return printable(place);
}

std::string section_text(const ReloadReport& report, const Section& section, std::size_t width) {
  std::string text;
  for (const Changed& changed : report.changes) {
    if (changed.effect != section.effect) continue;
    text += fmt::format("    {:<{}}  {}\n", place_of(changed, report), width, text_of(changed));
  }
  if (text.empty()) return text;
  return fmt::format("  {}\n{}", report.dry_run ? section.planned : section.done, text);
}

std::string list(const char* heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text = fmt::format("  {}\n", heading);
  for (const std::string& line : lines) text += "    " + printable(line) + "\n";
  return text;
}

bool has(const ReloadReport& report, Change effect) {
  return std::ranges::find(report.changes, effect, &Changed::effect) != report.changes.end();
}

// What the reader wants to know at the end: does anybody have to come again?
std::string ending(const ReloadReport& report) {
  const std::string clients = counted(report.clients, "client");
  std::string text;
  if (report.updated > 0) {
    text += fmt::format("  {} of {} were told of changed pushed options (push-update)\n",
                        report.updated, clients);
  } else if (report.dry_run && report.updatable > 0 && has(report, Change::new_sessions)) {
    text += fmt::format("  {} of {} can be told of changed pushed options (push-update)\n",
                        report.updatable, clients);
  }
  if (report.outcome() == Outcome::needs_restart) {
    text += fmt::format("  For the restart, when it suits: kill -HUP {}   ({} would reconnect)\n",
                        report.pid, clients);
  }
  if (report.dry_run) return text + "  Nothing was changed (--dry-run).\n";
  const char* verb = report.clients == 1 ? "stays" : "stay";
  return text + fmt::format("  {} {} connected.\n", clients, verb);
}

}  // namespace

ReloadReport::Outcome ReloadReport::outcome() const {
  if (!errors.empty()) return Outcome::refused;
  if (has(*this, Change::restart)) return Outcome::needs_restart;
  if (changes.empty() && told.empty()) return Outcome::unchanged;
  return Outcome::applied;
}

std::string reload_request(bool dry_run) { return dry_run ? "reload dry-run" : "reload"; }

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::unchanged:
      return "unchanged";
    case Outcome::applied:
      return "applied";
    case Outcome::needs_restart:
      return "needs restart";
    case Outcome::refused:
      break;
  }
  return "refused";
}

std::string render(const ReloadReport& report) {
  std::string text =
      fmt::format("server {} (pid {})\n", printable(report.configuration), report.pid);
  if (!report.errors.empty()) {
    return text + list("nothing was changed", report.errors);
  }
  std::size_t width = 0;
  for (const Changed& changed : report.changes) {
    width = std::max(width, place_of(changed, report).size());
  }
  if (report.outcome() == Outcome::unchanged) text += "  nothing has changed\n";
  for (const Section& section : sections) text += section_text(report, section, width);
  text += list("also taken up", report.told);
  text += list("could not be done", report.failures);
  return text + ending(report);
}

}  // namespace adit::options
