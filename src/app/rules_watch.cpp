#include "app/rules_watch.h"

#include <algorithm>
#include <unistd.h>

#include "setup/firewall_plan.h"
#include "setup/up.h"

namespace adit::app {

std::unique_ptr<RulesWatch> RulesWatch::of(const std::string& dir) {
  const std::string journal = setup::state_folder(dir) + "/up.json";
  if (access(journal.c_str(), R_OK) != 0) return nullptr;
  std::unique_ptr<RulesWatch> watch(new RulesWatch(dir));
  return watch->read() ? std::move(watch) : nullptr;
}

bool RulesWatch::read() {
  const auto plan = setup::read_plan(*host_, dir_);
  if (!plan || !*plan) return false;
  watch_ = std::make_unique<firewall::Watch>(**plan, tools_);
  return true;
}

// Who changes the configuration changes the rules with it: only what does not fit the new one is
// trouble.
Result<std::vector<firewall::Trouble>> RulesWatch::troubles() {
  auto found = watch_->look();
  if (!found || found->empty() || *found == told_ || !read()) return found;
  return watch_->look();
}

RulesWatch::News RulesWatch::look() {
  News news;
  auto found = troubles();
  if (!found) {
    if (!blind_) news.bad.push_back("the firewall is not watched: " + found.error().text());
    blind_ = true;
    return news;
  }
  blind_ = false;
  const auto in = [](const std::vector<firewall::Trouble>& all, const firewall::Trouble& one) {
    return std::ranges::find(all, one) != all.end();
  };
  for (const firewall::Trouble& trouble : *found) {
    if (!in(told_, trouble)) news.bad.push_back(trouble.what + " - " + trouble.cure);
  }
  for (const firewall::Trouble& trouble : told_) {
    if (!in(*found, trouble)) news.good.push_back("no longer so: " + trouble.what);
  }
  told_ = std::move(*found);
  return news;
}

}  // namespace adit::app
