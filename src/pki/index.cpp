#include "pki/index.h"

#include "base/assert.h"
#include "base/text.h"
#include "pki/calendar.h"

namespace adit::pki {

namespace {

constexpr std::size_t index_columns = 6;

std::optional<Row::Mark> mark_of(std::string_view text) {
  for (const auto mark : {Row::Mark::valid, Row::Mark::revoked, Row::Mark::expired}) {
    if (text.size() == 1 && text.front() == static_cast<char>(mark)) return mark;
  }
  return std::nullopt;
}

std::optional<Revocation> revocation_of(std::string_view text) {
  const auto comma = text.find(',');
  const auto at = parse_asn1_text(text.substr(0, comma));
  if (!at) return std::nullopt;
  return Revocation{*at, comma == text.npos ? std::string() : std::string(text.substr(comma + 1))};
}

tl::unexpected<std::string> no_row(const char* why) { return tl::unexpected<std::string>(why); }

// Why a line is no row, or the row.
tl::expected<Row, std::string> parse_row(std::string_view line) {
  const auto cells = split(line, '\t');
  if (cells.size() != index_columns) return no_row("it does not have six columns");
  const auto mark = mark_of(cells[0]);
  if (!mark) return no_row("its first column is none of V, R, E");
  const auto not_after = parse_asn1_text(cells[1]);
  if (!not_after) return no_row("its second column is no time");
  const auto revocation = revocation_of(cells[2]);
  if (*mark == Row::Mark::revoked && !revocation) {
    return no_row("it is revoked, but its third column is no time");
  }
  if (!is_serial(cells[3])) return no_row("its fourth column is no serial number");
  return Row{.mark = *mark,
             .not_after = *not_after,
             .revocation = *mark == Row::Mark::revoked ? revocation : std::nullopt,
             .serial = std::string(cells[3]),
             .file = std::string(cells[4]),
             .subject = std::string(cells[5])};
}

std::string revocation_text(const Row& row) {
  if (!row.revocation) return {};
  const std::string at = asn1_text(row.revocation->at);
  return row.revocation->reason.empty() ? at : at + "," + row.revocation->reason;
}

}  // namespace

bool is_serial(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

std::string_view Row::common_name() const {
  const std::string_view text = subject;
  const auto at = text.find("/CN=");
  if (at == std::string_view::npos) return text;
  const std::string_view rest = text.substr(at + 4);
  return rest.substr(0, rest.find('/'));
}

Result<Index> Index::parse(std::string_view text, std::string_view file) {
  Index index;
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    auto row = parse_row(line);
    if (!row) {
      return fail_with({fmt::format("cannot read line {} of {}: {}", number, file, row.error()),
                        "restore the file from a backup, or mend the line by hand"});
    }
    index.add(std::move(*row));
  }
  return index;
}

std::string Index::render() const {
  std::string text;
  for (const Row& row : rows_) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", static_cast<char>(row.mark),
                        asn1_text(row.not_after), revocation_text(row), row.serial, row.file,
                        row.subject);
  }
  return text;
}

const Row* Index::find(std::string_view serial) const {
  const auto found = by_serial_.find(serial);
  return found == by_serial_.end() ? nullptr : &rows_[found->second];
}

std::vector<const Row*> Index::named(std::string_view common_name) const {
  std::vector<const Row*> found;
  for (const Row& row : rows_) {
    if (row.common_name() == common_name) found.push_back(&row);
  }
  return found;
}

void Index::add(Row row) {
  by_serial_.emplace(row.serial, rows_.size());
  rows_.push_back(std::move(row));
}

void Index::revoke(std::string_view serial, Revocation revocation) {
  const auto found = by_serial_.find(serial);
  ADIT_ASSERT(found != by_serial_.end());
  Row& row = rows_[found->second];
  row.mark = Row::Mark::revoked;
  row.revocation = std::move(revocation);
}

}  // namespace adit::pki
