#include "lint/migrate.h"

#include "lint/edits.h"

namespace adit::lint {

namespace {

// Each round mends what the ones before have made visible; a handful is the most that was seen.
constexpr int most_rounds = 40;

void keep_errors(const Round& round, options::Issues& left) {
  for (const options::Issue& issue : round.issues()) {
    if (issue.severity == options::Issue::Severity::error) left.push_back(issue);
  }
}

}  // namespace

Migration migrate(std::string_view text, const std::string& source, options::Files* files,
                  const DhBits& dh_bits) {
  Migration migration;
  migration.text = text_of(pieces_of(text));
  for (int i = 0; i < most_rounds; ++i) {
    Round round(migration.text, source, files);
    mend_lines(round);
    mend_findings(round);
    if (round.ok()) mend_whole(round, dh_bits);
    if (round.changes() == 0 && round.ok()) accept_the_rest(round);
    if (round.changes() == 0) {
      keep_errors(round, migration.left);
      return migration;
    }
    migration.changes += round.changes();
    migration.text = round.result();
  }
  migration.left.push_back({options::Issue::Severity::error,
                            {source, 0},
                            {},
                            "every change makes another one necessary",
                            "report this file as a fault of adit"});
  return migration;
}

}  // namespace adit::lint
