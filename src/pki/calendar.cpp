#include "pki/calendar.h"

#include <ctime>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::pki {

namespace {

std::tm fields_of(WallTime at) {
  const std::time_t seconds = at.seconds;
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

// Two-digit years below 50 belong to this century. (RFC 5280, 4.1.2.5.1)
std::optional<int> year_of(std::string_view digits) {
  const auto year = to_number<int>(digits);
  if (!year || digits.size() == 4) return year;
  return *year < 50 ? 2000 + *year : 1900 + *year;
}

}  // namespace

std::string asn1_text(WallTime at) {
  const std::tm t = fields_of(at);
  const int year = t.tm_year + 1900;
  const std::string head =
      year >= 1950 && year < 2050 ? fmt::format("{:02}", year % 100) : fmt::format("{:04}", year);
  return fmt::format("{}{:02}{:02}{:02}{:02}{:02}Z", head, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

std::optional<WallTime> parse_asn1_text(std::string_view text) {
  if ((text.size() != 13 && text.size() != 15) || text.back() != 'Z') return std::nullopt;
  if (text.find_first_not_of("0123456789") != text.size() - 1) return std::nullopt;
  const std::size_t year_digits = text.size() - 11;
  const auto pair = [&](std::size_t i) {
    return to_number<int>(text.substr(year_digits + 2 * i, 2)).value_or(0);
  };
  std::tm fields{};
  fields.tm_year = year_of(text.substr(0, year_digits)).value_or(1900) - 1900;
  fields.tm_mon = pair(0) - 1;
  fields.tm_mday = pair(1);
  fields.tm_hour = pair(2);
  fields.tm_min = pair(3);
  fields.tm_sec = pair(4);
  const std::tm asked = fields;
  const WallTime at{timegm(&fields)};
  // timegm turns the 31st of April into the 1st of May; such a text is no time.
  const bool same = fields.tm_mon == asked.tm_mon && fields.tm_mday == asked.tm_mday &&
                    fields.tm_hour == asked.tm_hour && fields.tm_min == asked.tm_min &&
                    fields.tm_sec == asked.tm_sec;
  if (!same) return std::nullopt;
  return at;
}

std::optional<WallTime> parse_iso_text(std::string_view text) {
  if (text.size() != 10 && text.size() != 20) return std::nullopt;
  const std::string whole =
      text.size() == 10 ? std::string(text) + "T00:00:00Z" : std::string(text);
  std::string digits = whole;
  std::erase_if(digits, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  const auto at = parse_asn1_text(digits);
  return at && iso_text(*at) == whole ? at : std::nullopt;
}

std::string iso_text(WallTime at) {
  const std::tm t = fields_of(at);
  return fmt::format("{}T{:02}:{:02}:{:02}Z", day_text(at), t.tm_hour, t.tm_min, t.tm_sec);
}

std::string day_text(WallTime at) {
  const std::tm t = fields_of(at);
  return fmt::format("{:04}-{:02}-{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}

}  // namespace adit::pki
