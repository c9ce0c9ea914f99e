#include "setup/engine.h"

#include <algorithm>
#include <set>

#include "base/assert.h"
#include "base/text.h"
#include "setup/show.h"
#include "setup/state.h"

namespace adit::setup {

namespace {

using Kind = Thing::Kind;

const State* last_of(const Record* record) {
  return record == nullptr || record->ours.empty() ? nullptr : &record->ours.back();
}

// Wanted by several owners at once, so that each must say that it wants it.
bool is_shared(const Thing& thing) {
  return thing.kind == Kind::sysctl || thing.kind == Kind::folder || thing.kind == Kind::hook;
}

bool is_wished(const Wishes& wishes, const Thing& thing) {
  return std::ranges::any_of(wishes, [&](const auto& one) {
    const Wish* wish = std::get_if<Wish>(&one);
    return wish != nullptr && wish->thing.is(thing);
  });
}

// The folders that must be made first, as wishes of their own.
void add_folders(Host& host, const Wish& wish, std::set<std::string>& planned, Wishes& out) {
  if (wish.thing.kind != Kind::file && wish.thing.kind != Kind::folder) return;
  for (const std::string& folder : missing_folders(host, wish.thing.name)) {
    if (!planned.insert(folder).second) continue;
    out.emplace_back(Wish{{Kind::folder, folder}, folder_state(), wish.kept});
  }
  if (wish.thing.kind == Kind::folder) planned.insert(wish.thing.name);
}

Wishes with_folders(Host& host, Journal& journal, const Wishes& wishes) {
  Wishes all;
  std::set<std::string> planned;
  for (const Record& record : journal.records) {
    if (record.thing.kind == Kind::folder && !is_wished(wishes, record.thing)) {
      const bool needed = std::ranges::any_of(wishes, [&](const auto& one) {
        const Wish* wish = std::get_if<Wish>(&one);
        return wish != nullptr && wish->thing.name.starts_with(record.thing.name + "/");
      });
      if (!needed || !planned.insert(record.thing.name).second) continue;
      all.emplace_back(Wish{record.thing, folder_state()});
    }
  }
  for (const auto& one : wishes) {
    if (const Wish* wish = std::get_if<Wish>(&one)) add_folders(host, *wish, planned, all);
    all.push_back(one);
  }
  return all;
}

// What stands in the journal and is wished no more, last first.
Status plan_reverts(Host& host, Journal& journal, const Wishes& wishes, std::vector<Step>& steps) {
  for (auto record = journal.records.rbegin(); record != journal.records.rend(); ++record) {
    if (is_wished(wishes, record->thing)) continue;
    auto now = look(host, record->thing, last_of(&*record));
    if (!now) return fail_with(now.error());
    steps.push_back({Step::Kind::revert, record->thing, std::move(*now), record->before});
  }
  return {};
}

Status plan_wish(Host& host, Journal& journal, const Wish& wish, std::vector<Step>& steps) {
  const Record* record = journal.find(wish.thing);
  auto now = look(host, wish.thing, last_of(record));
  if (!now) return fail_with(now.error());
  const bool reached = *now == wish.state;
  if (reached && (record != nullptr || wish.kept || !is_shared(wish.thing))) return {};
  steps.push_back({reached ? Step::Kind::note : Step::Kind::put, wish.thing, std::move(*now),
                   wish.state, wish.kept, wish.secret, wish.quiet});
  return {};
}

void enter(Journal& journal, const Step& step) {
  Record* record = journal.find(step.thing);
  if (record == nullptr) {
    journal.records.push_back({step.thing, step.from, {step.to}});
    return;
  }
  // A run killed in between may have left either.
  if (record->ours.empty()) {
    record->ours = {step.to};
  } else {
    record->ours = {record->ours.back(), step.to};
  }
}

void forget(Journal& journal, const Thing& thing) {
  std::erase_if(journal.records, [&](const Record& record) { return record.thing.is(thing); });
}

// Another owner wants it, too: it stays, and is for that owner to bring back.
Result<bool> hand_over(Host& host, const Journal& journal, const Record& record) {
  if (!is_shared(record.thing)) return false;
  auto others = journal.others(host);
  if (!others) return fail_with(others.error());
  for (Journal& other : *others) {
    Record* theirs = other.find(record.thing);
    if (theirs == nullptr) continue;
    // One who was there before us knows what was there before both.
    if (std::ranges::find(record.ours, theirs->before) == record.ours.end()) return true;
    theirs->before = record.before;
    if (Status saved = other.save(host); !saved) return fail_with(saved.error());
    return true;
  }
  return false;
}

// Files and values can be compared word by word; the rest is ours whatever it looks like.
bool is_somebody_elses(const Record& record, const State& now) {
  if (record.thing.kind != Kind::file && record.thing.kind != Kind::sysctl) return false;
  return std::ranges::find(record.ours, now) == record.ours.end();
}

Status bring_back(Host& host, const Journal& journal, const Record& record,
                  const Progress& progress) {
  if (record.thing.kind == Kind::file) host.sweep(record.thing.name);
  const auto handed = hand_over(host, journal, record);
  if (!handed) return fail_with(handed.error());
  if (*handed) return {};
  const auto now = look(host, record.thing, last_of(&record));
  if (!now) return fail_with(now.error());
  if (*now == record.before) return {};
  if (is_somebody_elses(record, *now)) {
    progress("left as it is, for somebody has changed it since: " + name_of(record.thing));
    return {};
  }
  if (Status done = put(host, record.thing, record.before); !done) return done;
  progress(undone_line(record.thing, record.before));
  return {};
}

Status revert(Host& host, Journal& journal, const Thing& thing, const Progress& progress) {
  const Record* record = journal.find(thing);
  if (record == nullptr) return {};
  if (Status done = bring_back(host, journal, *record, progress); !done) return done;
  forget(journal, thing);
  return journal.save(host);
}

Status make(Host& host, Journal& journal, const Step& step, const Progress& progress) {
  if (step.kind == Step::Kind::act) {
    if (Status done = step.act(); !done) return done;
    progress(step.said);
    return {};
  }
  if (step.kind == Step::Kind::revert) return revert(host, journal, step.thing, progress);
  if (!step.kept) {
    enter(journal, step);
    if (Status saved = journal.save(host); !saved) return saved;
  }
  if (step.kind == Step::Kind::note) return {};
  if (Status done = put(host, step.thing, step.to); !done) return done;
  if (!step.quiet) progress(done_line(step));
  return {};
}

Status take_back(Host& host, const Step& step) {
  if (step.kind != Step::Kind::put && step.kind != Step::Kind::revert) return {};
  Status done = put(host, step.thing, step.from);
  if (done) return done;
  const auto now = look(host, step.thing, &step.to);
  return now && *now == step.from ? Status() : done;
}

// What the journal has to remember when some steps could not be taken back.
Journal with_left(const Journal& before, Journal& reached, const std::vector<const Step*>& left) {
  Journal journal = before;
  for (auto step = left.rbegin(); step != left.rend(); ++step) {
    const Thing& thing = (*step)->thing;
    for (const Pending& one : reached.pending) {
      if (one.thing.is(thing)) journal.pending.push_back(one);
    }
    const Record* now = reached.find(thing);
    if (now == nullptr) continue;
    if (Record* old = journal.find(thing)) {
      *old = *now;
    } else {
      journal.records.push_back(*now);
    }
  }
  return journal;
}

// The reverse of the steps made, as far as it goes; why the last one failed, and what is left.
Status give_up(Host& host, Journal& journal, const Journal& before, const std::vector<Step>& made,
               Error why, const Progress& progress) {
  std::vector<const Step*> left;  // last first
  std::vector<std::string> reasons;
  for (auto step = made.rbegin(); step != made.rend(); ++step) {
    if (Status done = take_back(host, *step); !done) {
      left.push_back(&*step);
      reasons.push_back(name_of(step->thing) + ": " + done.error().text());
    }
  }
  journal = with_left(before, journal, left);
  if (Status saved = journal.save(host); !saved) reasons.push_back(saved.error().text());
  if (reasons.empty()) {
    progress("what had been changed was taken back");
    return fail_with(std::move(why));
  }
  why.what += "; and not everything could be taken back: " + join(reasons, "; ");
  why.advice =
      "mend that and give the command again; " + journal.path() + " remembers what is left";
  return fail_with(std::move(why));
}

std::vector<Pending> kept_changes(const std::vector<Step>& steps) {
  std::vector<Pending> pending;
  for (const Step& step : steps) {
    if (step.kept && step.kind == Step::Kind::put && step.thing.kind == Kind::file) {
      pending.push_back({step.thing, step.from, step.to});
    }
  }
  return pending;
}

}  // namespace

Result<std::vector<Step>> plan_changes(Host& host, Journal& journal, const Wishes& wishes) {
  const Wishes all = with_folders(host, journal, wishes);
  std::vector<Step> steps;
  if (Status planned = plan_reverts(host, journal, all, steps); !planned) {
    return fail_with(planned.error());
  }
  for (const auto& one : all) {
    if (const Act* act = std::get_if<Act>(&one)) {
      steps.push_back({Step::Kind::act, {}, {}, {}, false, false, false, act->said, act->act});
      continue;
    }
    if (Status planned = plan_wish(host, journal, std::get<Wish>(one), steps); !planned) {
      return fail_with(planned.error());
    }
  }
  return steps;
}

bool changes_something(const std::vector<Step>& steps) {
  return std::ranges::any_of(steps, [](const Step& step) { return step.kind != Step::Kind::note; });
}

Status carry_out(Host& host, Journal& journal, const std::vector<Step>& steps,
                 const Progress& progress) {
  ADIT_ASSERT(journal.pending.empty());
  const Journal before = journal;
  journal.pending = kept_changes(steps);
  if (!journal.pending.empty()) {
    if (Status saved = journal.save(host); !saved) return saved;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Status done = make(host, journal, steps[i], progress);
    if (done) continue;
    return give_up(host, journal, before,
                   {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(i) + 1},
                   std::move(done.error()), progress);
  }
  if (journal.pending.empty()) return {};
  journal.pending.clear();
  return journal.save(host);
}

Status undo(Host& host, Journal& journal, const Progress& progress) {
  if (Status whole = recover(host, journal); !whole) return whole;
  std::vector<Thing> things;
  std::vector<std::string> made;  // folders
  for (const Record& record : journal.records) {
    things.push_back(record.thing);
    const bool ours = record.thing.kind == Kind::folder && !record.before.present;
    if (ours) made.push_back(record.thing.name);
  }
  std::vector<std::string> failed;
  for (auto thing = things.rbegin(); thing != things.rend(); ++thing) {
    if (Status done = revert(host, journal, *thing, progress); !done) {
      failed.push_back(name_of(*thing) + ": " + done.error().text());
    }
  }
  if (Status saved = journal.save(host); !saved) return saved;
  // The one that the journal itself was in is empty only now.
  for (auto folder = made.rbegin(); journal.empty() && folder != made.rend(); ++folder) {
    if (host.folder(*folder)) static_cast<void>(host.remove_folder(*folder));
  }
  if (failed.empty()) return {};
  return fail_with(
      {"not everything could be undone: " + join(failed, "; "),
       "mend that and give the command again; " + journal.path() + " remembers what is left"});
}

Status recover(Host& host, Journal& journal) {
  if (journal.pending.empty()) return {};
  for (auto one = journal.pending.rbegin(); one != journal.pending.rend(); ++one) {
    host.sweep(one->thing.name);
    const auto now = look(host, one->thing, nullptr);
    if (!now) return fail_with(now.error());
    if (*now != one->after) continue;  // not reached, or edited since
    if (Status done = put(host, one->thing, one->before); !done) return done;
  }
  journal.pending.clear();
  return journal.save(host);
}

}  // namespace adit::setup
