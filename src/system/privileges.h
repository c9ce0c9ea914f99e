#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"

namespace adit::system {

// Who the process becomes once it has started. Looked up early, before a chroot hides the files.
struct Identity {
  struct User {
    std::string name;
    uid_t id = 0;
  };
  struct Group {
    std::string name;
    gid_t id = 0;
  };
  std::optional<User> user;
  std::optional<Group> group;
};

// Names or numbers; an empty text means "stay".
[[nodiscard]] Result<Identity> look_up(const std::string& user, const std::string& group);

// Becomes identity in all threads. Only the calling thread, the control thread, keeps
// CAP_NET_ADMIN, so that routes and addresses can still be removed; everybody else keeps nothing.
// (With a group alone, threads that run already keep what they have.) Returns what there is to log.
[[nodiscard]] Result<std::vector<std::string>> drop_to(const Identity& identity);

// The calling thread keeps no capability at all; what root may do stays as it is.
void give_up_capabilities();

[[nodiscard]] Status change_root(const std::string& folder);

}  // namespace adit::system
