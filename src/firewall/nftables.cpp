#include "firewall/nftables.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <memory>
#include <string_view>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "firewall/nftables_library.h"
#include "firewall/refusal.h"
#include "firewall/ruleset.h"
#include "system/fd.h"
#include "system/kernel_error.h"

namespace adit::firewall {

namespace {

// One use of the library.
class Context {
 public:
  // Errors: out of memory.
  static Result<Context> open(const NftablesLibrary& library, unsigned flags) {
    Context context(library);
    if (!context.raw_) return fail_with(no_nftables("libnftables does not start"));
    library.set_flags(context.raw_.get(), flags);
    if (library.buffer_output(context.raw_.get()) != 0 ||
        library.buffer_error(context.raw_.get()) != 0) {
      return fail("cannot use libnftables: out of memory");
    }
    return context;
  }

  [[nodiscard]] Result<std::string> run_text(const std::string& commands) {
    return answer(library_.run_text(raw_.get(), commands.c_str()), commands);
  }
  [[nodiscard]] Result<std::string> run_file(const std::string& name, const std::string& commands) {
    return answer(library_.run_file(raw_.get(), name.c_str()), commands);
  }

 private:
  explicit Context(const NftablesLibrary& library)
      : library_(library), raw_(library.create(NFT_CTX_DEFAULT), library.destroy) {}

  Result<std::string> answer(int failed, const std::string& commands) {
    if (failed != 0) return fail_with(explain_refusal(library_.error(raw_.get()), commands));
    return std::string(library_.output(raw_.get()));
  }

  NftablesLibrary library_;
  std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> raw_;
};

// CapEff of this thread has the bit of CAP_NET_ADMIN, or cannot be read.
bool may_administer() {
  constexpr std::string_view name = "CapEff:";
  std::ifstream status("/proc/thread-self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    const std::string_view digits = trim(std::string_view(line).substr(name.size()));
    std::uint64_t set = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), set, 16);
    return (set >> CAP_NET_ADMIN & 1) != 0;
  }
  return true;
}

// The library ends the whole process where there are no such sockets, and complains by itself on
// standard error where it lacks the right; so we look first.
Status look_for_sockets() {
  if (!may_administer()) return fail_with(not_permitted());
  const system::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (socket) return {};
  return fail_with(no_nftables(system::reason(errno)));
}

Result<Context> open_context(unsigned flags) {
  if (const Status good = look_for_sockets(); !good) return fail_with(good.error());
  const auto library = load_nftables_library();
  if (!library) return fail_with(library.error());
  return Context::open(*library, flags);
}

Result<std::string> run(const std::string& commands, unsigned flags) {
  auto context = open_context(flags);
  if (!context) return fail_with(context.error());
  return context->run_text(commands);
}

// Only of a file's lines the library shows the one that was refused.
Result<std::string> run_as_file(const std::string& commands) {
  auto context = open_context(0);
  if (!context) return fail_with(context.error());
  const system::Fd file(memfd_create("ruleset", MFD_CLOEXEC));
  const auto length = static_cast<ssize_t>(commands.size());
  if (!file || ::write(file.get(), commands.data(), commands.size()) != length) {
    return system::kernel_refused(errno, "cannot keep the rules in memory");
  }
  return context->run_file("/proc/self/fd/" + std::to_string(file.get()), commands);
}

}  // namespace

Status apply_ruleset(const std::string& transaction) {
  const auto done = run_as_file(transaction);
  if (!done) return fail_because("cannot load the firewall rules", done.error());
  return {};
}

Result<std::string> list_ruleset(Form form) {
  const auto listed =
      run("list ruleset", form == Form::json ? NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO
                                             : NFT_CTX_OUTPUT_HANDLE);
  if (!listed) return fail_because("cannot list the firewall rules", listed.error());
  return listed;
}

Result<std::string> list_own_table() {
  const auto tables = run("list tables", 0);
  if (!tables) return fail_because("cannot list the firewall's tables", tables.error());
  const std::string table = "table inet " + std::string(table_name);
  if (("\n" + *tables).find("\n" + table + "\n") == std::string::npos) return std::string();
  return run("list " + table, NFT_CTX_OUTPUT_STATELESS);
}

}  // namespace adit::firewall
