#include "firewall/nftables.h"

#include <linux/netlink.h>
#include <memory>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include "firewall/refusal.h"
#include "firewall/ruleset.h"
#include "system/fd.h"
#include "system/kernel_error.h"

namespace adit::firewall {

namespace {

struct Free {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};
using Context = std::unique_ptr<nft_ctx, Free>;

// The library ends the whole process where there are no such sockets, so we ask first.
Status look_for_sockets() {
  const system::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (socket) return {};
  return fail_with(no_nftables(system::reason(errno)));
}

Result<Context> open_context(unsigned flags) {
  if (const Status good = look_for_sockets(); !good) return fail_with(good.error());
  Context context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return fail_with(no_nftables("libnftables does not start"));
  nft_ctx_output_set_flags(context.get(), flags);
  if (nft_ctx_buffer_output(context.get()) != 0 || nft_ctx_buffer_error(context.get()) != 0) {
    return fail("cannot use libnftables: out of memory");
  }
  return context;
}

Result<std::string> run(const std::string& commands, unsigned flags) {
  const auto context = open_context(flags);
  if (!context) return fail_with(context.error());
  if (nft_run_cmd_from_buffer(context->get(), commands.c_str()) != 0) {
    return fail_with(explain_refusal(nft_ctx_get_error_buffer(context->get()), commands));
  }
  return std::string(nft_ctx_get_output_buffer(context->get()));
}

}  // namespace

Status apply_ruleset(const std::string& transaction) {
  const auto done = run(transaction, 0);
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
