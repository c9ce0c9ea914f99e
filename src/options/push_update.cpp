#include "options/push_update.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "options/table.h"

namespace adit::options {

namespace {

using Severity = Issue::Severity;

struct Kind {
  std::string_view name;
  // Back to what the client's own configuration says.
  void (*reset)(const Config& own, Pulled& into);
};

constexpr std::array kinds{
    Kind{"route", [](const Config& own, Pulled& into) { into.routes.v4 = own.routes.v4; }},
    Kind{"route-ipv6", [](const Config& own, Pulled& into) { into.routes.v6 = own.routes.v6; }},
    Kind{"route-gateway",
         [](const Config& own, Pulled& into) { into.routes.gateway = own.routes.gateway; }},
    Kind{"route-metric",
         [](const Config& own, Pulled& into) { into.routes.metric = own.routes.metric; }},
    Kind{"redirect-gateway",
         [](const Config& own, Pulled& into) { into.routes.redirect = own.routes.redirect; }},
    Kind{"ifconfig",
         [](const Config& own, Pulled& into) { into.device.ifconfig = own.device.ifconfig; }},
    Kind{"ifconfig-ipv6",
         [](const Config& own, Pulled& into) {
           into.device.ifconfig_ipv6 = own.device.ifconfig_ipv6;
         }},
    Kind{"topology",
         [](const Config& own, Pulled& into) { into.device.topology = own.device.topology; }},
    Kind{"tun-mtu", [](const Config&, Pulled& into) { into.tun_mtu.reset(); }},
    Kind{"block-ipv6",
         [](const Config& own, Pulled& into) { into.device.block_ipv6 = own.device.block_ipv6; }},
    Kind{"dhcp-option",
         [](const Config& own, Pulled& into) {
           into.scripts.foreign_options = own.scripts.foreign_options;
         }},
    Kind{"dns", [](const Config& own, Pulled& into) { into.scripts.dns = own.scripts.dns; }},
    Kind{"block-outside-dns",
         [](const Config& own, Pulled& into) {
           into.routes.block_outside_dns = own.routes.block_outside_dns;
         }},
    // Nothing of it is kept that could be taken back.
    Kind{"keepalive", [](const Config&, Pulled&) {}},
};

const Kind* find_kind(std::string_view name) {
  if (name == "redirect-private") name = "redirect-gateway";
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  return found == kinds.end() ? nullptr : &*found;
}

std::string_view name_of(std::string_view option) { return option.substr(0, option.find(' ')); }

// An option with its marks taken off.
struct Marked {
  std::string_view text;
  bool removes = false, optional = false;
};

Marked unmark(std::string_view option) {
  Marked marked{trim(option)};
  if (marked.text.starts_with('-')) {
    marked.removes = true;
    marked.text.remove_prefix(1);
  }
  if (marked.text.starts_with('?')) {
    marked.optional = true;
    marked.text.remove_prefix(1);
  }
  // "?-" and the like mean nothing, and so nothing can be skipped.
  if (marked.text.starts_with('-') || marked.text.starts_with('?')) marked.optional = false;
  return marked;
}

class Update {
 public:
  Update(const Config& config, Pulled next) : config_(config), next_(std::move(next)) {}

  UpdateOutcome run(const std::vector<std::string>& options, Pulled& into) {
    for (const std::string& option : options) {
      ++line_;
      if (!option.empty()) take(unmark(option));
      if (outcome_.restart) return std::move(outcome_);
    }
    PushOutcome applied = apply_pushed(wanted_, config_, next_);
    for (Issue& issue : applied.issues) outcome_.issues.push_back(std::move(issue));
    std::ranges::move(applied.taken, std::back_inserter(outcome_.taken));
    outcome_.restart = applied.verdict != PushVerdict::complete;
    if (!outcome_.restart) into = std::move(next_);
    return std::move(outcome_);
  }

 private:
  void take(const Marked& marked) {
    const std::string name(name_of(marked.text));
    const Kind* const kind = find_kind(name);
    if (kind == nullptr) return refuse(marked, "cannot be changed while the tunnel stands");
    using Action = Client::Filter::Action;
    const Action action = filter_for(config_, std::string(marked.text)).value_or(Action::accept);
    if (action == Action::reject) return refuse(marked, "is rejected by pull-filter");
    if (action == Action::ignore || is_not_pulled(name)) {
      return report(Severity::note, "Pushed option removed by filter: '" + name + "'");
    }
    if (marked.removes && marked.text != name) {
      return report(Severity::error, "only all of \"" + name + "\" can be taken away at once");
    }
    if (replaced_.insert(kind).second || marked.removes) kind->reset(config_, next_);
    if (!marked.removes) return wanted_.push_back(std::string(marked.text));
    std::erase_if(wanted_, [&](const std::string& one) { return find_kind(name_of(one)) == kind; });
    outcome_.taken.push_back(name);
  }

  [[nodiscard]] bool is_not_pulled(const std::string& name) const {
    const Row* const row = find_row(name);
    return config_.routes.nopull && row != nullptr && row->kind != Class::other;
  }

  void refuse(const Marked& marked, const std::string& why) {
    const std::string name = shown(std::string(name_of(marked.text)));
    report(marked.optional ? Severity::note : Severity::error, "\"" + name + "\" " + why);
    outcome_.restart = !marked.optional;
  }

  void report(Severity severity, std::string message) {
    outcome_.issues.push_back({severity, {"[PUSH-UPDATE]", line_}, {}, std::move(message), {}});
  }

  const Config& config_;
  Pulled next_;
  UpdateOutcome outcome_;
  int line_ = 0;
  std::set<const Kind*> replaced_;
  std::vector<std::string> wanted_;
};

std::vector<std::string> of_kind(const std::vector<std::string>& options, const Kind& kind) {
  std::vector<std::string> found;
  for (const std::string& option : options) {
    if (find_kind(name_of(option)) == &kind) found.push_back(option);
  }
  return found;
}

}  // namespace

std::string_view update_kind(std::string_view name) {
  const Kind* const kind = find_kind(name);
  return kind == nullptr ? std::string_view() : kind->name;
}

UpdateOutcome apply_update(const std::vector<std::string>& options, const Config& config,
                           Pulled& into) {
  return Update(config, into).run(options, into);
}

std::vector<std::string> update_between(const std::vector<std::string>& before,
                                        const std::vector<std::string>& now) {
  std::vector<std::string> update;
  for (const Kind& kind : kinds) {
    const std::vector<std::string> former = of_kind(before, kind);
    std::vector<std::string> wanted = of_kind(now, kind);
    if (former == wanted) continue;
    if (wanted.empty()) wanted.push_back("-" + std::string(name_of(former.front())));
    std::ranges::move(wanted, std::back_inserter(update));
  }
  return update;
}

}  // namespace adit::options
