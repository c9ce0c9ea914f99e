#include "firewall/load.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>

#include "base/text.h"
#include "firewall/nftables.h"
#include "firewall/ruleset.h"
#include "system/fd.h"
#include "system/store.h"

namespace adit::firewall {

namespace {

// Between "is nobody left?" and the removal of the table another owner must not come. Where the
// file cannot be made we go on without: the moment is short.
constexpr const char* lock_file = "/run/adit-firewall.lock";

system::Fd lock() {
  system::Fd fd(::open(lock_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, system::private_mode));
  if (fd) flock(fd.get(), LOCK_EX);
  return fd;
}

}  // namespace

std::vector<std::string> owners_in(std::string_view listing) {
  constexpr std::string_view word = "chain ";
  std::vector<std::string> found;
  for (std::string_view line : split(listing, '\n')) {
    line = trim(line);
    if (!line.starts_with(word)) continue;
    const std::string owner = owner_of_chain(split(line.substr(word.size()), ' ').front());
    if (!owner.empty()) found.push_back(owner);
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<std::vector<std::string>> owners() {
  const auto listing = list_own_table();
  if (!listing) return fail_with(listing.error());
  return owners_in(*listing);
}

Status load(const Plan& plan) {
  const auto transaction = render(plan);
  if (!transaction) return fail_with(transaction.error());
  const system::Fd held = lock();
  return apply_ruleset(*transaction);
}

Status unload(std::string_view owner) {
  const system::Fd held = lock();
  const auto listing = list_own_table();
  if (!listing) return fail_with(listing.error());
  const auto there = owners_in(*listing);
  const bool ours = std::ranges::find(there, owner) != there.end();
  if (!ours && (listing->empty() || !there.empty())) return {};
  const bool last = there.size() <= (ours ? 1u : 0u);
  return apply_ruleset(render_removal(owner, last));
}

Status run_all(const std::vector<Command>& commands, Tools& tools) {
  for (const Command& command : commands) {
    const auto output = tools.run(command);
    if (!output) return fail("cannot run \"{}\"", text(command));
    if (output->status != 0) {
      const std::string said = printable(split(trim(output->text), '\n').front());
      return fail("\"{}\" failed with status {}{}", text(command), output->status,
                  said.empty() ? "" : ": " + said);
    }
  }
  return {};
}

}  // namespace adit::firewall
