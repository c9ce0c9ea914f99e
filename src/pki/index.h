#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace adit::pki {

struct Revocation {
  WallTime at;
  std::string reason;  // as the index has it; may be empty
};

// One line of index.txt.
struct Row {
  enum class Mark : char { valid = 'V', revoked = 'R', expired = 'E' };

  Mark mark = Mark::valid;
  WallTime not_after{};
  std::optional<Revocation> revocation{};  // exactly when mark is revoked
  std::string serial;                      // upper-case hexadecimal, whole bytes
  std::string file = "unknown";            // the column is a relic; everybody writes this word
  std::string subject;                     // "/CN=name"

  [[nodiscard]] std::string_view common_name() const;
  // An expired row keeps its V until somebody runs an update, so the time decides.
  [[nodiscard]] bool usable(WallTime now) const { return mark == Mark::valid && now <= not_after; }
};

// Upper-case hexadecimal, whole bytes.
[[nodiscard]] bool is_serial(std::string_view text);

// The authority's list of everything it signed, in OpenSSL's text format.
class Index {
 public:
  // file: named in errors
  [[nodiscard]] static Result<Index> parse(std::string_view text, std::string_view file);
  [[nodiscard]] std::string render() const;

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] const Row* find(std::string_view serial) const;
  [[nodiscard]] std::vector<const Row*> named(std::string_view common_name) const;

  void add(Row row);
  // The serial must be in the index.
  void revoke(std::string_view serial, Revocation revocation);

 private:
  std::vector<Row> rows_;
  std::map<std::string, std::size_t, std::less<>> by_serial_;
};

}  // namespace adit::pki
