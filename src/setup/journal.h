#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "setup/host.h"
#include "setup/thing.h"

namespace adit::setup {

// Where the journals of a server's or client's folder lie: "/etc/adit/state".
[[nodiscard]] std::string state_folder(const std::string& dir);

// One thing that we changed, or want as it is.
struct Record {
  Thing thing;
  State before;             // of the first change; what undoing goes back to
  std::vector<State> ours;  // what we may have put there; the last is what was wanted last
};

// A kept thing that is being changed: once all have been changed, nothing remembers it.
struct Pending {
  Thing thing;
  State before, after;
};

// What was changed on this host for one owner, in the order of the changes. Written to disk before
// a change is made, so that one that was killed can be undone. The file goes with the last record.
class Journal {
 public:
  // folder: "/etc/adit/state"; owner: "up", "join-office". Nothing written yet is an empty journal.
  [[nodiscard]] static Result<Journal> open(Host& host, const std::string& folder,
                                            const std::string& owner);
  // Of the other owners, in the same folder and where else servers and clients are set up here.
  [[nodiscard]] Result<std::vector<Journal>> others(Host& host) const;

  [[nodiscard]] Status save(Host& host) const;
  [[nodiscard]] Record* find(const Thing& thing);
  [[nodiscard]] bool empty() const { return records.empty() && pending.empty(); }
  [[nodiscard]] std::string path() const { return folder_ + "/" + owner_ + ".json"; }

  std::vector<Record> records;
  std::vector<Pending> pending;

 private:
  Journal(std::string folder, std::string owner)
      : folder_(std::move(folder)), owner_(std::move(owner)) {}

  std::string folder_;
  std::string owner_;
};

// The journal as text and back; what is not a journal is an error.
[[nodiscard]] std::string render(const std::vector<Record>& records,
                                 const std::vector<Pending>& pending);
[[nodiscard]] Status parse_journal(const std::string& text, std::vector<Record>& records,
                                   std::vector<Pending>& pending);

}  // namespace adit::setup
