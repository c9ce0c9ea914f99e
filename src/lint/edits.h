#pragma once

// Changes to a text, piece by piece.

#include <string>
#include <string_view>
#include <vector>

#include "lint/lint.h"
#include "lint/migrate.h"
#include "lint/pieces.h"

namespace adit::lint {

// What becomes of one piece.
struct Edit {
  std::size_t piece;
  std::vector<std::string> lines = {};  // in its place, or below it if it stays
  std::string why;                      // one sentence without a full stop
  bool stays = false;
  bool moves = false;                     // as it is, to what is kept for old peers
  std::vector<std::string> for_old = {};  // further lines to be kept for old peers
};

// A round: what a text holds, what lint says of it, and what is to be done. A piece is changed once
// in a round; what comes later waits for the next.
class Round {
 public:
  Round(std::string_view text, const std::string& source, options::Files* files);

  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] const options::Config& config() const { return linted_.parsed.config; }
  [[nodiscard]] const options::Issues& issues() const { return linted_.report.findings; }
  [[nodiscard]] bool ok() const { return linted_.parsed.ok(); }

  // The piece that an issue is about, if it stands in this very file and is not kept for old peers.
  [[nodiscard]] const Piece* piece_of(const options::Issue& issue) const;
  // Where the option was last said, not counting what is kept for old peers; nullptr: nowhere.
  [[nodiscard]] const Piece* last(std::string_view option) const;
  [[nodiscard]] bool says(std::string_view option) const;  // anywhere, also among what is kept

  void replace(const Piece& piece, std::vector<std::string> lines, std::string why);
  void remove(const Piece& piece, std::string why) { replace(piece, {}, std::move(why)); }
  void add_below(const Piece& piece, std::vector<std::string> lines, std::string why);
  // To what is kept for old peers: the piece as it is, or these lines in its place.
  void keep(const Piece& piece, std::string why);
  void keep_as(const Piece& piece, std::vector<std::string> lines, std::string why);
  // Where nothing gives way to it.
  void keep_new(const std::vector<std::string>& lines, std::string_view why);
  void accept(const std::string& message);

  [[nodiscard]] int changes() const { return static_cast<int>(edits_.size()) + additions_; }
  [[nodiscard]] std::string result() const;

 private:
  [[nodiscard]] Edit* edit(const Piece& piece, std::string why);
  [[nodiscard]] std::string kept_lines() const;
  [[nodiscard]] std::string in_place_of(const Edit& edit) const;
  [[nodiscard]] std::string ended(std::string_view line) const { return std::string(line) + end_; }
  [[nodiscard]] std::string ended(const std::vector<std::string>& lines) const;

  std::string source_;
  std::vector<Piece> pieces_;
  Linted linted_;
  std::string end_ = "\n";
  std::vector<Edit> edits_;
  std::vector<std::size_t> edit_of_;  // of each piece, counted from 1; 0: none
  std::string new_kept_;              // whole lines
  int additions_ = 0;
};

// The line that has these words, quoted where they need it.
[[nodiscard]] std::string line_of(const std::vector<std::string>& words);

// The rules, each over a whole round.
void mend_lines(Round& round);                         // lines that are written otherwise today
void mend_findings(Round& round);                      // what lint says of single lines
void mend_whole(Round& round, const DhBits& dh_bits);  // what is missing
void accept_the_rest(Round& round);                    // when there is nothing else to do

}  // namespace adit::lint
