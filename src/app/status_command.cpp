#include "app/status_command.h"

#include <cstdio>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "base/text.h"
#include "node/instance_facts.h"
#include "system/status_socket.h"

namespace adit::app {

namespace {

constexpr int nothing_runs = 1;

struct Where {
  std::string folder = system::status_folder();
  std::vector<int> pids;
};

Where look(const std::string& where) {
  Where found;
  if (const auto pid = to_number<int>(where)) {
    if (system::has_instance(found.folder, *pid)) found.pids = {*pid};
    return found;
  }
  if (!where.empty()) found.folder = where;
  found.pids = system::instances_in(found.folder);
  return found;
}

Error nobody(const std::string& folder, const std::string& where = {}) {
  if (access(folder.c_str(), F_OK) == 0 && access(folder.c_str(), R_OK | X_OK) != 0) {
    return {"cannot look into " + folder, "run as root"};
  }
  if (to_number<int>(where)) {
    return {"process " + where + " is no running adit (it has no socket in " + folder + ")",
            "adit status lists those that run"};
  }
  return {"no adit is running (none has a socket in " + folder + ")",
          "start one, or name another folder: adit status DIR"};
}

// One document, for a person or as it came.
Result<std::string> shown(const std::string& document, bool json) {
  if (json) return document;
  const auto facts = node::parse_facts(document);
  if (!facts) return fail_with(facts.error());
  return node::render_facts_table(*facts);
}

}  // namespace

int run_status(const std::string& where, bool json) {
  const Where found = look(where);
  if (found.pids.empty()) {
    complain(nobody(found.folder, where));
    return nothing_runs;
  }
  int status = 0;
  std::vector<std::string> texts;
  for (const int pid : found.pids) {
    const auto document = system::ask_instance(found.folder, pid);
    const auto text = document ? shown(*document, json) : Result<std::string>(document);
    if (text) {
      texts.push_back(*text);
    } else {
      complain(text.error());
      status = exit_no_answer;
    }
  }
  const std::string all = json ? "[" + join(texts, ",") + "]\n" : join(texts, "\n");
  if (!texts.empty()) std::fputs(all.c_str(), stdout);
  return status;
}

Result<std::string> log_of_instance(int pid) {
  const std::string folder = system::status_folder();
  if (pid == 0) {
    const std::vector<int> pids = system::instances_in(folder);
    if (pids.empty()) return fail_with(nobody(folder));
    if (pids.size() > 1) {
      return fail_with({fmt::format("{} instances of adit are running", pids.size()),
                        "say which one: adit explain --running PID; adit status lists them"});
    }
    pid = pids.front();
  }
  if (!system::has_instance(folder, pid)) return fail_with(nobody(folder, std::to_string(pid)));
  const auto document = system::ask_instance(folder, pid);
  if (!document) return fail_with(document.error());
  const auto facts = node::parse_facts(*document);
  if (!facts) return fail_with(facts.error());
  return join(facts->log, "\n");
}

class StatusArguments {
 public:
  std::string where;
  bool json = false;
};

std::shared_ptr<StatusArguments> add_status(CLI::App& root, int& status) {
  auto held = std::make_shared<StatusArguments>();
  CLI::App* show = root.add_subcommand("status", "what the running instances do");
  show->add_option("DIR|PID", held->where, "one process, or the folder of the status sockets");
  show->add_flag("--json", held->json, "everything, for programs");
  show->callback([&status, &given = *held] { status = run_status(given.where, given.json); });
  return held;
}

}  // namespace adit::app
