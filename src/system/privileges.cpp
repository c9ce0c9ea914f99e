#include "system/privileges.h"

#include <cap-ng.h>
#include <cerrno>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/text.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr const char* need_root = "start as root, or leave out \"user\" and \"group\"";

// Asks one of the getXXnam_r functions for the number that belongs to a name.
template <typename Entry, typename Id>
Result<Id> looked_up(int (*look_up)(const char*, Entry*, char*, std::size_t, Entry**),
                     Id Entry::*number, const char* kind, const std::string& name) {
  std::vector<char> room(1024);
  Entry entry{};
  Entry* found = nullptr;
  int error = 0;
  while ((error = look_up(name.c_str(), &entry, room.data(), room.size(), &found)) == ERANGE) {
    room.resize(room.size() * 2);
  }
  if (found != nullptr) return entry.*number;
  const std::string why = error == 0 ? fmt::format("there is no such {}", kind) : reason(error);
  return fail_with({fmt::format("cannot use {} \"{}\": {}", kind, name, why),
                    fmt::format("choose a {} that exists on this host", kind)});
}

Result<Identity::User> user_named(const std::string& name) {
  if (const auto number = to_number<uid_t>(name)) return Identity::User{name, *number};
  const auto id = looked_up(getpwnam_r, &passwd::pw_uid, "user", name);
  if (!id) return fail_with(id.error());
  return Identity::User{name, *id};
}

Result<Identity::Group> group_named(const std::string& name) {
  if (const auto number = to_number<gid_t>(name)) return Identity::Group{name, *number};
  const auto id = looked_up(getgrnam_r, &group::gr_gid, "group", name);
  if (!id) return fail_with(id.error());
  return Identity::Group{name, *id};
}

bool network_admin_permitted() {
  return capng_get_caps_process() == 0 &&
         capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) == 1;
}

// Capabilities are per thread: the change of user has already taken all of them from the others.
Status keep_network_admin_only(bool permitted) {
  capng_clear(CAPNG_SELECT_CAPS);
  if (permitted &&
      capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                   CAP_NET_ADMIN) != 0) {
    return fail("cannot choose the capabilities to keep");
  }
  if (const int result = capng_apply(CAPNG_SELECT_CAPS); result != 0) {
    return fail("cannot give up capabilities (capng_apply: {})", result);
  }
  return {};
}

Status become_group(gid_t id, const std::string& name) {
  if (setgroups(0, nullptr) == 0 && setresgid(id, id, id) == 0) return {};
  return kernel_refused(errno, "cannot become group " + name, need_root);
}

// KEEPCAPS holds for this thread only, and only until the change.
Status become_user(uid_t id, const std::string& name) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  const int result = setresuid(id, id, id);
  const int error = errno;
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (result == 0) return {};
  return kernel_refused(error, "cannot become user " + name, need_root);
}

}  // namespace

Result<Identity> look_up(const std::string& user, const std::string& group) {
  Identity identity;
  if (!user.empty()) {
    auto found_user = user_named(user);
    if (!found_user) return fail_with(std::move(found_user.error()));
    identity.user = std::move(*found_user);
  }
  if (!group.empty()) {
    auto found_group = group_named(group);
    if (!found_group) return fail_with(std::move(found_group.error()));
    identity.group = std::move(*found_group);
  }
  return identity;
}

Result<std::vector<std::string>> drop_to(const Identity& identity) {
  std::vector<std::string> lines;
  if (!identity.user && !identity.group) return lines;
  const bool permitted = network_admin_permitted();
  // The group first: afterwards there is no right left to change it.
  const gid_t group = identity.group ? identity.group->id : getegid();
  const std::string group_name = identity.group ? identity.group->name : std::to_string(group);
  if (Status done = become_group(group, group_name); !done) return fail_with(done.error());
  if (identity.user) {
    Status done = become_user(identity.user->id, identity.user->name);
    if (!done) return fail_with(std::move(done.error()));
    lines.push_back("UID set to " + identity.user->name);
  }
  if (identity.group) lines.push_back("GID set to " + identity.group->name);
  if (Status done = keep_network_admin_only(permitted); !done) return fail_with(done.error());
  if (permitted) lines.push_back("Capabilities retained: CAP_NET_ADMIN");
  return lines;
}

void give_up_capabilities() {
  capng_clear(CAPNG_SELECT_CAPS);
  capng_apply(CAPNG_SELECT_CAPS);
}

Status change_root(const std::string& folder) {
  if (chroot(folder.c_str()) != 0) {
    return kernel_refused(errno, "cannot chroot to " + folder, "start as root, and check the path");
  }
  if (chdir("/") != 0) return kernel_refused(errno, "cannot enter the new root directory");
  return {};
}

}  // namespace adit::system
