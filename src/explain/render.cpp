#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"
#include "explain/explain.h"

namespace adit::explain {

namespace {

// Words of a paragraph on lines of at most width columns, each after the margin.
std::string paragraph(std::string_view text, std::string_view first, std::size_t margin,
                      std::size_t width) {
  std::string out(first);
  std::size_t column = first.size();
  for (std::string_view word : split(text, ' ')) {
    const bool begins = column <= margin;
    if (!begins && width > 0 && column + 1 + word.size() > width) {
      out += '\n' + std::string(margin, ' ');
      column = margin;
    } else if (!begins) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + '\n';
}

std::string where(const Finding& finding) {
  if (finding.count == 1) return fmt::format("line {}", finding.first);
  return fmt::format("{} times, lines {} to {}", finding.count, finding.first, finding.last);
}

std::string shortened(const std::string& line, std::size_t width) {
  if (width == 0 || line.size() <= width) return line;
  std::size_t end = width - 3;
  while (end > 0 && (line[end] & 0xC0) == 0x80) --end;  // not within a character of UTF-8
  return line.substr(0, end) + "...";
}

std::string whole(const Finding& finding, std::size_t number, std::size_t width) {
  constexpr std::size_t margin = 4;
  std::string out = fmt::format("{:>2}. {} ({})\n", number, finding.title, where(finding));
  out += "    > " + shortened(finding.line, width > 10 ? width - 6 : 0) + '\n';
  out += paragraph(finding.meaning, "    ", margin, width);
  for (const Reason& reason : finding.reasons) {
    out += paragraph(reason.what, "    - ", margin + 2, width);
    if (reason.seen_line > 0) {
      out += fmt::format("      line {} speaks for it: {}\n", reason.seen_line,
                         shortened(reason.seen, width > 40 ? width - 36 : 0));
    }
    out += paragraph(reason.cure, "      do: ", margin + 6, width);
  }
  return out;
}

const char* name_of(Weight weight) {
  switch (weight) {
    case Weight::fatal:
      return "fatal";
    case Weight::trouble:
      return "trouble";
    case Weight::notice:
      return "notice";
    case Weight::event:
      break;
  }
  return "event";
}

}  // namespace

std::string render_text(const Report& report, std::size_t width) {
  std::string out;
  std::size_t number = 0;
  const bool alone = report.lines == 1;
  for (const Finding& finding : report.findings) {
    if (finding.entry->weight == Weight::event && !alone) continue;
    out += whole(finding, ++number, width) + '\n';
  }
  std::string events;
  for (const Finding& finding : report.findings) {
    if (finding.entry->weight != Weight::event || alone) continue;
    events += fmt::format("    {} ({})\n", finding.title, where(finding));
  }
  if (!events.empty()) out += "How things went:\n" + events + '\n';
  if (report.unknown_count > 0) {
    out += "Not known here, but it sounds like trouble:\n";
    for (const Unknown& unknown : report.unknown) {
      out += fmt::format("    line {}: {}\n", unknown.number,
                         shortened(unknown.line, width > 24 ? width - 16 : 0));
    }
    const std::size_t more = report.unknown_count - report.unknown.size();
    if (more > 0) out += fmt::format("    and {} more\n", more);
  } else if (report.findings.empty()) {
    out += alone ? "This line is not known here.\n" : "None of these lines is known here.\n";
  }
  return out;
}

std::string render_json(const Report& report) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    Json causes = Json::array();
    for (const Reason& reason : finding.reasons) {
      Json cause{{"cause", reason.what}, {"cure", reason.cure}};
      if (reason.seen_line > 0) {
        cause["evidence"] = {{"line", reason.seen_line}, {"text", reason.seen}};
      }
      causes.push_back(std::move(cause));
    }
    findings.push_back({{"causes", std::move(causes)},
                        {"count", finding.count},
                        {"first", finding.first},
                        {"last", finding.last},
                        {"line", finding.line},
                        {"meaning", finding.meaning},
                        {"title", finding.title},
                        {"weight", name_of(finding.entry->weight)}});
  }
  Json unknown = Json::array();
  for (const Unknown& line : report.unknown) {
    unknown.push_back({{"line", line.number}, {"text", line.line}});
  }
  const Json all{{"findings", std::move(findings)},
                 {"lines", report.lines},
                 {"unknown", std::move(unknown)},
                 {"unknown_count", report.unknown_count}};
  return all.dump(2) + "\n";
}

}  // namespace adit::explain
