#pragma once

// From wishes to a changed host and back.
//
//   recover        takes back what a killed run left half done among kept things
//   plan_changes   looks at the host and the journal, changes nothing: what --dry-run shows
//   carry_out      makes the changes, each written to the journal first; all of them or none
//   undo           brings everything back, also after a run that was killed

#include <functional>
#include <string>
#include <vector>

#include "setup/host.h"
#include "setup/journal.h"
#include "setup/thing.h"

namespace adit::setup {

struct Step {
  enum class Kind : std::uint8_t {
    put,     // bring the thing from one state into another
    note,    // it is as wished already; only the journal learns that it is wanted
    revert,  // no longer wished: back to what was there before us
    act,
  };
  Kind kind = Kind::put;
  Thing thing{};
  State from{}, to{};
  bool kept = false;
  bool secret = false;
  bool quiet = false;
  std::string said{};  // of acts
  std::function<Status()> act{};
};

// Told of each step when it has been made, or of what could not be undone and why.
using Progress = std::function<void(const std::string& line)>;

// Call it before planning, unless nothing shall be touched. Harmless when nothing was interrupted.
[[nodiscard]] Status recover(Host& host, Journal& journal);

// Steps that change nothing are left out, but for notes. Wishes stand in the order to fulfil them.
[[nodiscard]] Result<std::vector<Step>> plan_changes(Host& host, Journal& journal,
                                                     const Wishes& wishes);

// Whether there is anything to do or to show.
[[nodiscard]] bool changes_something(const std::vector<Step>& steps);

// When a step fails, those made before it are taken back, acts excepted; progress is told. What
// cannot be taken back stays in the journal; the error names it.
[[nodiscard]] Status carry_out(Host& host, Journal& journal, const std::vector<Step>& steps,
                               const Progress& progress);

// Last change first. What somebody else has changed since is left as it is, and told. What cannot
// be undone stays in the journal; the error names all of it.
[[nodiscard]] Status undo(Host& host, Journal& journal, const Progress& progress);

}  // namespace adit::setup
