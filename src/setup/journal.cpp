#include "setup/journal.h"

#include "setup/own_files.h"
#include "setup/unit_file.h"

namespace adit::setup {

namespace {

std::vector<std::string> owners_in(Host& host, const std::string& folder) {
  constexpr std::string_view suffix = ".json";
  std::vector<std::string> owners;
  for (const std::string& name : host.files_in(folder)) {
    if (name.ends_with(suffix)) owners.push_back(name.substr(0, name.size() - suffix.size()));
  }
  return owners;
}

}  // namespace

std::string state_folder(const std::string& dir) { return dir + "/state"; }

Result<Journal> Journal::open(Host& host, const std::string& folder, const std::string& owner) {
  Journal journal(folder, owner);
  const auto file = host.read_file(journal.path());
  if (!file) return fail_with(file.error());
  if (!*file) return journal;
  if (Status read = parse_journal((*file)->text, journal.records, journal.pending); !read) {
    return fail_because("cannot read " + journal.path(), read.error());
  }
  return journal;
}

Result<std::vector<Journal>> Journal::others(Host& host) const {
  std::vector<Journal> journals;
  for (const std::string& owner : owners_in(host, folder_)) {
    if (owner == owner_) continue;
    auto journal = open(host, folder_, owner);
    if (!journal) return fail_with(journal.error());
    journals.push_back(std::move(*journal));
  }
  for (const std::string& dir : folders_with_units(host)) {
    const std::string folder = state_folder(dir);
    if (folder == folder_) continue;
    for (const std::string& owner : owners_in(host, folder)) {
      // What is broken there is not in our way here.
      if (auto journal = open(host, folder, owner)) journals.push_back(std::move(*journal));
    }
  }
  return journals;
}

Status Journal::save(Host& host) const {
  if (empty()) {
    host.sweep(path());
    if (Status removed = host.remove_file(path()); !removed) return removed;
    return host.remove_folder(folder_);
  }
  if (Status made = host.make_folder(folder_, private_folder); !made) return made;
  return host.write_file(path(), {render(records, pending), private_file});
}

Record* Journal::find(const Thing& thing) {
  for (Record& record : records) {
    if (record.thing.is(thing)) return &record;
  }
  return nullptr;
}

}  // namespace adit::setup
