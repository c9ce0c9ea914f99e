#include "setup/names.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "setup/own_files.h"
#include "system/network_namespace.h"

namespace adit::setup {

namespace {

constexpr std::string_view journal_ending = ".json";

// The part of an owner that says in which network namespace its device lives.
std::string_view namespace_of(std::string_view owner) {
  return owner.substr(std::min(owner.rfind('-'), owner.size()));
}

std::string lock_path(const NamesPlace& place, const std::string& owner) {
  return place.folder + "/" + owner + ".lock";
}

// As it was before we wrote to it, if we did.
Result<State> file_before(Host& host, Journal& journal, const std::string& path) {
  if (const Record* record = journal.find({Thing::Kind::file, path})) return record->before;
  auto file = host.read_file(path);
  if (!file) return fail_with(file.error());
  if (!*file) return State{};
  return file_state((*file)->text, (*file)->mode);
}

// Two tunnels cannot both have the file: the second would bring back what the first has written.
std::string other_writer(Host& host, const Journal& journal, const NamesPlace& place) {
  auto others = journal.others(host);
  if (!others) return {};
  for (Journal& other : *others) {
    const std::string path = other.path();
    const std::string owner(std::filesystem::path(path).stem());
    if (namespace_of(owner) != namespace_of(place.owner)) continue;
    if (other.find({Thing::Kind::file, place.file}) != nullptr) {
      return owner.substr(0, owner.rfind('-'));
    }
  }
  return {};
}

}  // namespace

NamesPlace names_place(const std::string& device) {
  NamesPlace place;
  place.owner = fmt::format("{}-{}", device, system::network_namespace());
  std::error_code missing;
  const auto real = std::filesystem::canonical(place.file, missing);
  if (!missing) place.file = real;
  return place;
}

Status set_names(Host& host, const NamesPlace& place, const ports::NameSettings& settings,
                 const Progress& progress) {
  auto journal = Journal::open(host, place.folder, place.owner);
  if (!journal) return fail_with(journal.error());
  const NamesWay way = find_names_way(host);
  if (way == NamesWay::file) {
    if (const std::string holder = other_writer(host, *journal, place); !holder.empty()) {
      return fail_with({place.file + " already has what " + holder + " brings",
                        "only one tunnel at a time can write it; systemd-resolved or resolvconf "
                        "can do with several"});
    }
  }
  const auto before = file_before(host, *journal, place.file);
  if (!before) return fail_with(before.error());
  const NamesPlan plan = plan_names(host, settings, way, place.file, *before);
  for (const std::string& note : plan.notes) progress(note);
  const auto steps = plan_changes(host, *journal, plan.wishes);
  if (!steps) return fail_with(steps.error());
  if (Status done = carry_out(host, *journal, *steps, [](const std::string&) {}); !done) {
    return done;
  }
  if (!plan.said.empty()) progress(plan.said);
  return {};
}

Status clear_names(Host& host, const NamesPlace& place, const Progress& progress) {
  auto journal = Journal::open(host, place.folder, place.owner);
  if (!journal) return fail_with(journal.error());
  if (journal->empty()) return {};
  return undo(host, *journal, progress);
}

void recover_names(Host& host, const NamesPlace& place,
                   const std::function<bool(const std::string& owner)>& is_alive,
                   const Progress& progress) {
  for (const std::string& name : host.files_in(place.folder)) {
    if (!name.ends_with(journal_ending)) continue;
    NamesPlace left = place;
    left.owner = name.substr(0, name.size() - journal_ending.size());
    if (namespace_of(left.owner) != namespace_of(place.owner) || is_alive(left.owner)) continue;
    progress("a tunnel that was killed left DNS settings behind: they are taken back");
    if (Status done = clear_names(host, left, progress); !done) progress(done.error().text());
    static_cast<void>(host.remove_file(lock_path(place, left.owner)));
  }
}

bool NamesLock::take(const NamesPlace& place, const std::string& owner) {
  std::error_code failed;
  std::filesystem::create_directories(place.folder, failed);
  chmod(place.folder.c_str(), private_folder);
  path_ = lock_path(place, owner);
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_file);
  return fd_ < 0 || flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

bool NamesLock::is_held(const NamesPlace& place, const std::string& owner) {
  const int fd = ::open(lock_path(place, owner).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  return held;
}

NamesLock::~NamesLock() {
  if (fd_ < 0) return;
  unlink(path_.c_str());
  close(fd_);
}

}  // namespace adit::setup
