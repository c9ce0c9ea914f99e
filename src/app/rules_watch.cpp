#include "app/rules_watch.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

#include "setup/firewall_plan.h"
#include "setup/join.h"
#include "setup/up.h"

namespace adit::app {

std::unique_ptr<RulesWatch> RulesWatch::of(const std::string& file) {
  const std::filesystem::path path = file;
  const bool server = path.filename() == "server.conf";
  const bool joined = path.extension() == ".ovpn" && path.parent_path().filename() == "joined";
  if (!server && !joined) return nullptr;
  const std::string name = server ? "" : path.stem().string();
  const std::string dir = server ? path.parent_path() : path.parent_path().parent_path();
  const std::string owner = server ? "up" : setup::join_owner(name);
  const std::string journal = setup::state_folder(dir) + "/" + owner + ".json";
  if (access(journal.c_str(), R_OK) != 0) return nullptr;
  std::unique_ptr<RulesWatch> watch(new RulesWatch(dir, name));
  return watch->read() ? std::move(watch) : nullptr;
}

bool RulesWatch::read() {
  const auto plan = joined_.empty() ? setup::read_plan(*host_, dir_)
                                    : setup::read_join_plan(*host_, dir_, joined_);
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
