#pragma once

#include <string>

#include "app/runtime.h"
#include "tls/context.h"

namespace adit::app {

// Makes a new revocation list before the one in use runs out, and when the overlap of a renewed
// certificate ends, where the list lies in a tree made by "adit pki" whose CA key can be read and
// has no passphrase. The work is done by a process of its own ("adit pki crl"): it may wait for
// others who work on the tree.
class CrlKeeper {
 public:
  // path: of crl-verify. While the process may still look into the tree's private folder.
  CrlKeeper(Runtime& runtime, std::string path);

  // Whether the list is looked after here, so that its end needs no warning.
  [[nodiscard]] bool keeps() const { return ours_ && !failed_; }
  void look(const tls::Setup& in_use, WallTime now);

 private:
  [[nodiscard]] bool overlap_ended(WallTime now);
  void renew(WallTime now, const char* why);
  void renewed(const Result<int>& status);

  Runtime& runtime_;
  std::string program_, folder_;
  bool ours_ = false, failed_ = false, running_ = false;
  WallTime next_try_, next_overlap_look_;
  const char* why_ = "";
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace adit::app
