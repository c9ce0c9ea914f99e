#include "setup/state.h"

#include <algorithm>

#include "base/text.h"

namespace adit::setup {

namespace {

constexpr std::string_view unit_folder = "/etc/systemd/system/";

Error program_failed(const std::vector<std::string>& argv, const ProgramEnd& end) {
  const std::string said(trim(end.text));
  return {fmt::format("\"{}\" failed with status {}{}", join(argv, " "), end.status,
                      said.empty() ? "" : ": " + said),
          {}};
}

Status must_run(Host& host, const std::vector<std::string>& argv) {
  const ProgramEnd end = host.run(argv);
  if (end.status != 0) return fail_with(program_failed(argv, end));
  return {};
}

Result<State> look_at_file(Host& host, const std::string& path) {
  auto file = host.read_file(path);
  if (!file) return fail_with(file.error());
  if (!*file) return State{};
  return file_state(std::move((*file)->text), (*file)->mode, (*file)->owner);
}

State look_at_unit(Host& host, const std::string& unit) {
  const bool enabled = host.run({"systemctl", "is-enabled", "--quiet", unit}).status == 0;
  const Activity activity = activity_of(host, unit);
  State state = wish_unit(unit, enabled, activity == Activity::active).state;
  // A start that goes on, perhaps of a run that was killed.
  if (activity == Activity::starting) {
    state.text = enabled ? "enabled activating" : "disabled activating";
  }
  return state;
}

State look_at_hook(const Thing& hook, const State* last) {
  if (hook.present) return {*hook.present, {}, 0};
  return last != nullptr ? *last : State{};
}

State look_at_rules(Host& host, const std::string& owner, const State* last) {
  // Chains of this owner that no journal knows are left of an earlier one: nobody wants them back.
  if (last == nullptr || !host.has_rules(owner)) return {};
  return *last;
}

// systemd reads unit files only when told to.
Status tell_systemd(Host& host, const std::string& path) {
  if (!path.starts_with(unit_folder) || !host.has_systemd()) return {};
  return must_run(host, {"systemctl", "daemon-reload"});
}

Status put_file(Host& host, const std::string& path, const State& state) {
  const Status done = state.present ? host.write_file(path, {state.text, state.mode, state.owner})
                                    : host.remove_file(path);
  if (!done) return done;
  return tell_systemd(host, path);
}

// What it wrote last says more than systemctl does.
Error unit_failed(Host& host, const std::string& unit, const std::string& verb) {
  const ProgramEnd log = host.run({"journalctl", "--no-pager", "-o", "cat", "-n", "8", "-u", unit});
  Error error{fmt::format("cannot {} the service {}", verb, unit),
              "see what it says: journalctl -u " + unit};
  if (log.status == 0) error.what += "; it said last:\n" + log.text;
  return error;
}

Status put_unit(Host& host, const std::string& unit, const State& wanted) {
  const State now = look_at_unit(host, unit);
  const auto has = [](const State& state, std::string_view word) {
    return std::ranges::count(split(state.text, ' '), word) > 0;
  };
  for (const auto& [on_word, off_word, on, off] :
       {std::tuple{"active", "inactive", "start", "stop"},
        std::tuple{"enabled", "disabled", "enable", "disable"}}) {
    const bool wish = has(wanted, on_word);
    if (has(now, wish ? on_word : off_word)) continue;
    const char* verb = wish ? on : off;
    const ProgramEnd end = host.run({"systemctl", "--quiet", verb, unit});
    if (end.status != 0) return fail_with(unit_failed(host, unit, verb));
  }
  return {};
}

Status put_hook(Host& host, const Thing& hook, const State& state) {
  for (const auto& argv : state.present ? hook.put : hook.take) {
    Status done = must_run(host, argv);
    // What is no longer there cannot be taken away, and need not be.
    if (state.present && !done) return done;
  }
  return {};
}

}  // namespace

Activity activity_of(Host& host, const std::string& unit) {
  const ProgramEnd end = host.run({"systemctl", "is-active", unit});
  if (end.status == 0) return Activity::active;
  return trim(end.text) == "activating" ? Activity::starting : Activity::inactive;
}

Result<State> look(Host& host, const Thing& thing, const State* last) {
  switch (thing.kind) {
    case Thing::Kind::folder: {
      const auto mode = host.folder(thing.name);
      return mode ? folder_state(*mode) : State{};
    }
    case Thing::Kind::file:
      return look_at_file(host, thing.name);
    case Thing::Kind::sysctl: {
      auto value = host.read_sysctl(thing.name);
      return value ? value_state(std::move(*value)) : State{};
    }
    case Thing::Kind::rules:
      return look_at_rules(host, thing.name, last);
    case Thing::Kind::hook:
      return look_at_hook(thing, last);
    case Thing::Kind::unit:
      return look_at_unit(host, thing.name);
  }
  return State{};
}

Status put(Host& host, const Thing& thing, const State& state) {
  switch (thing.kind) {
    case Thing::Kind::folder:
      return state.present ? host.make_folder(thing.name, state.mode)
                           : host.remove_folder(thing.name);
    case Thing::Kind::file:
      return put_file(host, thing.name, state);
    case Thing::Kind::sysctl:
      return state.present ? host.write_sysctl(thing.name, state.text) : Status{};
    case Thing::Kind::rules:
      return state.present ? host.load_rules(state.text) : host.remove_rules(thing.name);
    case Thing::Kind::hook:
      return put_hook(host, thing, state);
    case Thing::Kind::unit:
      return put_unit(host, thing.name, state);
  }
  return {};
}

std::vector<std::string> missing_folders(Host& host, const std::string& path) {
  std::vector<std::string> missing;
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    std::string folder = path.substr(0, slash);
    if (host.folder(folder)) break;
    missing.insert(missing.begin(), std::move(folder));
  }
  return missing;
}

}  // namespace adit::setup
